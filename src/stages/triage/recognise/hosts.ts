/**
 * Web addresses and host names. Every http(s) address is listed as it stands (defanging undone); of the hosts only
 * those a message presents as the subject of a problem or of a certificate, which is not the paste site where the
 * key lies, not the sender's own address, and not the tool that found it.
 */

export interface UrlFinding {
  readonly url: string;
  readonly host: string;
}

const urlPattern =
  /\bhttps?:\/\/[^\s<>"'`{}|\\^\u3001\u3002\uFF0C\uFF09\u300D\u300F\u3011\u201C\u201D\u00AB\u00BB\u060C]+/gi;
const label = '[\\p{L}\\p{N}_](?:[\\p{L}\\p{N}_-]{0,62})';
const hostPattern = new RegExp(
  `(?<![\\p{L}\\p{N}@._%+/-])(?:\\*\\.)?(?:${label}\\.){1,8}(?:xn--[a-z0-9-]+|[a-z]{2,24}|рф|中国|рус|भारत|한국|在线|网址)(?![\\p{L}\\p{N}_@-]|\\.[\\p{L}\\p{N}])`,
  'giu',
);

/** What ends like a host but is a file, a program or a record of a specification. */
const fileEndings = new Set(
  'pem key crt crl cer der csr pfx p12 jks txt csv json xml html htm php asp aspx jsp js ts py rb sh go rs c h cpp java zip gz tar tgz xz rar exe dll msi apk bin img iso pdf doc docx xls xlsx ppt png jpg jpeg gif svg eml msg log conf cfg ini yml yaml env bak old sql db lock md rst asc sig gpg p7b p7s p7m p8 keystore service local'.split(
    ' ',
  ),
);
/** Endings that are both a file and a country or a real zone; they count as hosts when they have a host's shape. */
const alsoZones = new Set(['sh', 'rs', 'py', 'md', 'pl', 'so', 'local', 'zip', 'st', 'ps']);
const abbreviations =
  /^(?:[a-z]\.){1,3}[a-z]$|^(?:e\.g|i\.e|z\.b|u\.a|d\.h|a\.m|p\.m|bzw\.\w+|usw\.\w+|etc\.\w+|node\.js|vue\.js|next\.js|asp\.net|no\.\w+|nr\.\w+|vs\.\w+|st\.\w+|dr\.\w+|mr\.\w+|mrs\.\w+)$/i;

export function findUrls(text: string): UrlFinding[] {
  const urls = new Map<string, UrlFinding>();
  for (const match of text.matchAll(urlPattern)) {
    const url = trimUrl(match[0]);
    const host = /^https?:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(url)?.[1]?.toLowerCase() ?? '';
    if (host === '' || /^[.-]|\.$/.test(host)) continue;
    if (!urls.has(url)) urls.set(url, { url, host });
  }
  return [...urls.values()];
}

/** Sentence punctuation and a closing bracket that was opened outside do not belong to the address. */
function trimUrl(raw: string): string {
  let url = raw;
  for (;;) {
    const before = url;
    url = url.replace(/[.,;:!?*_~’”»…]+$/u, '');
    if (url.endsWith(')') && !url.includes('(')) url = url.slice(0, -1);
    if (url.endsWith(']') && !url.includes('[')) url = url.slice(0, -1);
    if (url === before) return url;
  }
}

/** Host names in running text, outside of web and mail addresses. */
export function findHosts(text: string): string[] {
  const bare = text
    .replace(urlPattern, ' ')
    // From the start of a word only: a search from every letter of a long one takes the square of its length.
    .replace(/(?<![^\s<>"'(),;:])[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, ' ')
    .replace(/(?<!\S)\/\S*\.(?:pem|key|crt|txt|bin|conf)\b|\/[^\s/]{0,120}\.(?:pem|key|crt|txt|bin|conf)\b/gi, ' ')
    // The value of a CAA record names a CA, not a site.
    .replace(/\bissue(?:wild)?[ \t]+\\?["'“]?[\w.-]+/gi, ' ');
  const hosts = new Set<string>();
  for (const match of bare.matchAll(hostPattern)) {
    // `_dmarc.`, `_acme-challenge.`: records about a host, not hosts.
    const host = match[0].toLowerCase().replace(/^(?:\*\.|_[a-z0-9-]+\.)+/, '');
    if (isHost(host)) hosts.add(host);
  }
  return [...hosts];
}

function isHost(host: string): boolean {
  const labels = host.split('.');
  const zone = labels[labels.length - 1]!;
  if (abbreviations.test(host) || /^\d+(?:\.\d+)*$/.test(host) || /^v?\d+\.\d/.test(host)) return false;
  if (labels.some((one) => one === '' || one.startsWith('-') || one.endsWith('-'))) return false;
  if (fileEndings.has(zone)) {
    if (!alsoZones.has(zone)) return false;
    // `deploy.sh` is a script, `crt.sh` a site; `exchange01.local` is a name that once got into certificates.
    if (zone !== 'local' && labels.length < 3 && host !== 'crt.sh') return false;
  }
  return zone.length >= 2 && !/^(?:prototype|length|tostring|com\.\w+)$/.test(zone);
}

/** Hosts that carry a report's evidence or its sender's tools, never the certificate in question. */
const carriers =
  /(?:^|[.-])(?:crt|crtsh|paste|pastebin|ghostbin|hastebin|gist|git|gitlab|github|codehub|bitbucket|sourceforge|codeberg|repo|raw|s3|s3store|blob|bucket|storage|archive|mirror|drive|dropbox|wetransfer|filehost|upload|imgur|forum|board|reddit|twitter|telegram|discord|youtube|bugs|bugzilla|bug|tracker|jira|issues|ci|jenkins|registry|hub|docker|npm|pypi|virustotal|urlscan|phishtank|censys|shodan|ssllabs|certspotter|news|newsletter|unsubscribe|unsub|click|links|track|wiki|docs|doc|advisory|nvd|cve|mitre|ietf|rfc-editor|cabforum|mozilla|ccadb|rootprogram|download|transfer)(?=[.-]|$)/i;

export function isCarrier(host: string): boolean {
  return carriers.test(host) || host === 'crt.sh';
}

/** The last two labels (three under a two-letter zone with a short second level). Enough to tell "same owner". */
export function ownerOf(host: string): string {
  const labels = host.split('.');
  const zone = labels[labels.length - 1] ?? '';
  const second = labels[labels.length - 2] ?? '';
  const depth = zone.length === 2 && /^(?:co|com|net|org|gov|gob|edu|ac|or|ne|go|in|web)$/.test(second) ? 3 : 2;
  return labels.slice(-depth).join('.');
}
