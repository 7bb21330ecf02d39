/** Pages that show a file with a frame around it, and the address of the file itself. */

type Rewrite = readonly [host: RegExp, path: RegExp, raw: (url: URL, match: RegExpExecArray) => string];

const rewrites: readonly Rewrite[] = [
  [
    /^(?:www\.)?github\.com$/,
    /^\/([^/]+)\/([^/]+)\/(?:blob|blame|raw)\/(.+)$/,
    (_, m) => `https://raw.githubusercontent.com/${m[1]}/${m[2]}/${m[3]}`,
  ],
  [
    /^gist\.github\.com$/,
    /^\/([^/]+)\/([0-9a-f]+)(?:\/([0-9a-f]{40}))?\/?$/,
    (_, m) => `https://gist.githubusercontent.com/${m[1]}/${m[2]}/raw${m[3] === undefined ? '' : `/${m[3]}`}`,
  ],
  [/^gitlab\./, /^(.+)\/-\/(?:blob|blame)\/(.+)$/, (url, m) => `https://${url.host}${m[1]}/-/raw/${m[2]}`],
  [
    /^bitbucket\.org$/,
    /^\/([^/]+)\/([^/]+)\/src\/(.+)$/,
    (_, m) => `https://bitbucket.org/${m[1]}/${m[2]}/raw/${m[3]}`,
  ],
  [/^(?:www\.)?pastebin\.com$/, /^\/(?!raw\/)([A-Za-z0-9]{6,12})$/, (_, m) => `https://pastebin.com/raw/${m[1]}`],
  [/^(?:paste\.debian\.net)$/, /^\/(?:hidden\/)?([0-9a-f]+)\/?$/, (_, m) => `https://paste.debian.net/plain/${m[1]}`],
  [/^codeberg\.org$/, /^\/([^/]+)\/([^/]+)\/src\/(.+)$/, (_, m) => `https://codeberg.org/${m[1]}/${m[2]}/raw/${m[3]}`],
  [
    /^(?:www\.)?dropbox\.com$/,
    /^\/(?:s|scl)\//,
    (url) => {
      const direct = new URL(url);
      direct.searchParams.set('dl', '1');
      return direct.href;
    },
  ],
];

/** The raw form of a known viewer's address; the address itself otherwise. */
export function rawAddress(url: URL): URL {
  for (const [host, path, raw] of rewrites) {
    const match = path.exec(url.pathname);
    if (host.test(url.hostname) && match !== null) return new URL(raw(url, match));
  }
  return url;
}
