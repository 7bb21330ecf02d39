import { BlockList } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './addresses.ts';
import { createFetcher, FETCH_BYTES_MAX, type FetcherParts, type TransportResponse } from './fetch.ts';
import { rawAddress } from './viewers.ts';

const publicAddress = '93.184.215.14';

interface Page {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** A web of its own: URL to page, host to addresses. */
function aWeb(pages: Record<string, Page>, hosts: Record<string, string[]> = {}) {
  const connections: { url: string; address: string; headers: Readonly<Record<string, string>> }[] = [];
  const parts: FetcherParts = {
    resolve: async (host) => {
      const answer =
        hosts[host] ?? (Object.keys(pages).some((url) => new URL(url).hostname === host) ? [publicAddress] : null);
      if (answer === null) throw new Error('ENOTFOUND');
      return answer;
    },
    transport: async ({ url, address, headers }): Promise<TransportResponse> => {
      connections.push({ url: url.href, address, headers });
      const page = pages[url.href] ?? { status: 404 };
      const body = Buffer.from(page.body ?? '');
      return {
        status: page.status ?? 200,
        headers: page.headers ?? {},
        remoteAddress: address,
        tls: null,
        body: (async function* () {
          for (let i = 0; i < body.length; i += 65_536) yield body.subarray(i, i + 65_536);
        })(),
      };
    },
  };
  return { fetcher: createFetcher(parts), connections };
}

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '192.0.0.8',
    '198.18.0.1',
    '198.19.255.255',
    '192.0.2.7',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:93.184.215.14',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '100::1',
    '::127.0.0.1',
    '5f00::1',
    'no address',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each([publicAddress, '8.8.8.8', '2606:4700::1111', '2a00:1450:4001::5'])('%s is public', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );

  it('of our own are not reached from the desk either', () => {
    const own = new BlockList();
    own.addSubnet('93.184.0.0', 16, 'ipv4');
    expect(isPublicAddress(publicAddress, own)).toBe(false);
  });
});

describe('a reported address', () => {
  it('is fetched once, from the address that was checked, and recorded', async () => {
    const { fetcher, connections } = aWeb({
      'https://host.example/dir/key.pem': {
        body: 'the bytes',
        headers: { 'content-type': 'text/plain; charset=utf-8', 'set-cookie': 'x=1' },
      },
    });
    const got = await fetcher.fetch('https://host.example/dir/key.pem');
    expect(got).toMatchObject({
      ok: true,
      fileName: 'key.pem',
      mediaType: 'text/plain',
      capture: { status: 200, addresses: [publicAddress], length: 9 },
    });
    expect(got.ok && got.capture.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(got.ok && got.capture.headers).not.toHaveProperty('set-cookie');
    expect(connections).toMatchObject([{ address: publicAddress }]);
    expect(Object.keys(connections[0]!.headers)).not.toContain('cookie');
  });

  it.each([
    ['http://127.0.0.1/', 'address_not_public'],
    ['http://0x7f.1/', 'address_not_public'],
    ['http://2130706433/', 'address_not_public'],
    ['http://017700000001/', 'address_not_public'],
    ['http://[::ffff:127.0.0.1]/', 'address_not_public'],
    ['http://[64:ff9b::a9fe:a9fe]/', 'address_not_public'],
    ['http://169.254.169.254/latest/meta-data/', 'address_not_public'],
    ['http://inner.example/', 'address_not_public'],
    ['http://mixed.example/', 'address_not_public'],
    ['http://host.example:22/', 'port_not_allowed'],
    ['file:///etc/passwd', 'scheme_not_allowed'],
    ['ftp://host.example/', 'scheme_not_allowed'],
    ['gopher://host.example/', 'scheme_not_allowed'],
    ['http://user:pw@host.example/', 'credentials_in_url'],
    ['http://nowhere.example/', 'unknown_name'],
    ['not an address', 'bad_url'],
  ])('%s is refused: %s', async (url, problem) => {
    const { fetcher, connections } = aWeb(
      { 'http://host.example/': {} },
      { 'inner.example': ['10.0.0.8'], 'mixed.example': [publicAddress, '10.0.0.8'] },
    );
    expect(await fetcher.fetch(url)).toMatchObject({ ok: false, problem });
    expect(connections).toEqual([]);
  });

  it('may redirect, and each step is checked like the first', async () => {
    const { fetcher, connections } = aWeb(
      {
        'https://a.example/': { status: 302, headers: { location: '/b' } },
        'https://a.example/b': { status: 301, headers: { location: 'https://c.example/k' } },
        'https://c.example/k': { body: 'key' },
        'https://evil.example/': { status: 302, headers: { location: 'http://metadata.example/' } },
        'http://plain.example/': { status: 302, headers: { location: 'http://metadata.example/' } },
        'https://loop.example/': { status: 302, headers: { location: 'https://loop.example/' } },
      },
      { 'metadata.example': ['169.254.169.254'] },
    );
    expect(await fetcher.fetch('https://a.example/')).toMatchObject({
      ok: true,
      finalUrl: 'https://c.example/k',
      capture: { redirects: ['https://a.example/b', 'https://c.example/k'] },
    });
    expect(await fetcher.fetch('https://evil.example/')).toMatchObject({ ok: false, problem: 'downgraded' });
    expect(await fetcher.fetch('http://plain.example/')).toMatchObject({ ok: false, problem: 'address_not_public' });
    expect(await fetcher.fetch('https://loop.example/')).toMatchObject({ ok: false, problem: 'too_many_redirects' });
    expect(connections.some(({ url }) => url.includes('metadata'))).toBe(false);
  });

  it('that gives too much, plain or compressed, is cut off', async () => {
    const { fetcher } = aWeb({
      'http://big.example/': { body: Buffer.alloc(FETCH_BYTES_MAX + 1) },
      'http://bomb.example/': {
        body: gzipSync(Buffer.alloc(FETCH_BYTES_MAX * 3)),
        headers: { 'content-encoding': 'gzip' },
      },
      'http://fine.example/': { body: gzipSync('words'), headers: { 'content-encoding': 'gzip' } },
      'http://odd.example/': { body: 'x', headers: { 'content-encoding': 'gzip' } },
    });
    expect(await fetcher.fetch('http://big.example/')).toMatchObject({ ok: false, problem: 'too_large' });
    expect(await fetcher.fetch('http://bomb.example/')).toMatchObject({ ok: false, problem: 'too_large' });
    expect(await fetcher.fetch('http://odd.example/')).toMatchObject({ ok: false, problem: 'bad_encoding' });
    const fine = await fetcher.fetch('http://fine.example/');
    expect(fine.ok && Buffer.from(fine.bytes).toString()).toBe('words');
  });

  it('that refuses robots is asked once more under a neutral name', async () => {
    const { fetcher, connections } = aWeb({
      'http://shy.example/': { status: 403 },
      'http://gone.example/': { status: 404 },
    });
    expect(await fetcher.fetch('http://shy.example/')).toMatchObject({
      ok: false,
      problem: 'http_status',
      detail: '403',
    });
    expect(new Set(connections.map(({ headers }) => headers['user-agent'])).size).toBe(2);
    await fetcher.fetch('http://gone.example/');
    expect(connections).toHaveLength(3);
  });

  it.each([
    ['https://github.com/o/r/blob/main/a/key.pem', 'https://raw.githubusercontent.com/o/r/main/a/key.pem'],
    ['https://gist.github.com/o/0123abcd', 'https://gist.githubusercontent.com/o/0123abcd/raw'],
    ['https://gitlab.com/g/p/-/blob/main/k.pem', 'https://gitlab.com/g/p/-/raw/main/k.pem'],
    ['https://pastebin.com/AbCd1234', 'https://pastebin.com/raw/AbCd1234'],
    ['https://bitbucket.org/o/r/src/main/k', 'https://bitbucket.org/o/r/raw/main/k'],
    ['https://host.example/blob/x', 'https://host.example/blob/x'],
  ])('of a viewer, %s, is looked at raw', (url, raw) => expect(rawAddress(new URL(url)).href).toBe(raw));
});
