import { describe, expect, test } from 'vitest';
import { hours } from '../../src/foundation/time/time.ts';
import type { Fetch } from '../../src/stages/status/fetching.ts';
import { httpProbe, numbersInMemory } from '../../src/stages/status/http-probe.ts';
import { aLab, someSpki as someKey } from './lab.ts';

type Lab = Awaited<ReturnType<typeof aLab>>;

/** The lab's answers, changed on the way when `change` returns another one. */
function meddle(lab: Lab, change: (url: string, init: RequestInit | undefined) => Promise<Response | null>): Fetch {
  return async (url, init) => (await change(url, init)) ?? lab.fetch(url, init);
}

describe('a probe says what relying parties can see', () => {
  test('good before, revoked with its reason after, in CRL and OCSP alike', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    const probe = httpProbe(lab);
    expect(await probe.look(leaf)).toMatchObject({ crl: 'good', ocsp: 'good', published: false, problem: null });
    await lab.revoke(leaf.serial, 1);
    const seen = await probe.look(leaf);
    expect(seen).toMatchObject({
      crl: 'revoked',
      crlReason: 'keyCompromise',
      crlNumber: '2',
      ocsp: 'revoked',
      ocspReason: 'keyCompromise',
      published: true,
      problem: null,
    });
    expect(seen.revokedAt?.equals(lab.time.now())).toBe(true);
    expect(seen.evidence.map((one) => [one.kind, one.method, one.status, one.httpStatus])).toEqual([
      ['crl', 'GET', 'revoked', 200],
      ['ocsp', 'GET', 'revoked', 200],
      ['ocsp', 'POST', 'revoked', 200],
    ]);
    expect(seen.evidence.every((one) => /^[0-9a-f]{64}$/.test(one.sha256 ?? ''))).toBe(true);
  });

  test('a revocation without a reason reads as no reason', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    await lab.revoke(leaf.serial, null);
    expect(await httpProbe(lab).look(leaf)).toMatchObject({
      crl: 'revoked',
      crlReason: null,
      ocspReason: null,
      published: true,
    });
  });

  test('a certificate that names no OCSP is published by the CRL alone, and one without CRL by OCSP alone', async () => {
    const lab = await aLab();
    const crlOnly = await lab.issue({ ocsp: false });
    const ocspOnly = await lab.issue({ crl: false });
    const probe = httpProbe(lab);
    for (const leaf of [crlOnly, ocspOnly]) expect((await probe.look(leaf)).published).toBe(false);
    for (const leaf of [crlOnly, ocspOnly]) await lab.revoke(leaf.serial);
    expect(await probe.look(crlOnly)).toMatchObject({
      crl: 'revoked',
      ocsp: 'unknown',
      ocspNamed: false,
      published: true,
    });
    expect(await probe.look(ocspOnly)).toMatchObject({
      crl: 'unknown',
      crlNamed: false,
      ocsp: 'revoked',
      published: true,
    });
    expect((await probe.look({ ...crlOnly, crlUrls: [], ocspUrls: [] })).published).toBe(false);
  });

  test('recorded but not published is not published', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    const probe = httpProbe(lab);
    await probe.look(leaf);
    lab.ca.revocations.setFault({ component: 'publication', mode: 'silent' });
    await lab.revoke(leaf.serial);
    expect(await probe.look(leaf)).toMatchObject({ crl: 'good', ocsp: 'good', published: false });
    await lab.ca.revocations.clearFault('publication');
    await lab.ca.revocations.publish();
    expect(await probe.look(leaf)).toMatchObject({ published: true });
  });
});

describe('a probe believes nothing that it cannot verify', () => {
  const cases: readonly [string, string, (lab: Lab) => Promise<Fetch>][] = [
    [
      'a tampered list',
      'crl-bad-signature',
      async (lab) => {
        const body = new Uint8Array(await (await lab.fetch('http://ca.test/crl/tls-0.crl')).arrayBuffer());
        body[body.length - 1]! ^= 1;
        return meddle(lab, async (url) => (url.includes('/crl/') ? new Response(body) : null));
      },
    ],
    [
      'a list cut off',
      'crl-malformed',
      async (lab) => meddle(lab, async (url) => (url.includes('/crl/') ? new Response('0\x82\x10') : null)),
    ],
    [
      'an HTML page',
      'crl-malformed',
      async (lab) => meddle(lab, async (url) => (url.includes('/crl/') ? new Response('<html>') : null)),
    ],
    [
      "another issuer's list",
      'crl-wrong-issuer',
      async (lab) =>
        meddle(lab, async (url) => (url.includes('/crl/') ? lab.fetch('http://ca.test/crl/root.crl') : null)),
    ],
    [
      'an error page',
      'http-503',
      async (lab) => meddle(lab, async (url) => (url.includes('/crl/') ? new Response('', { status: 503 }) : null)),
    ],
    [
      'a dead host',
      'unreachable',
      async (lab) =>
        meddle(lab, async (url) => {
          if (url.includes('/crl/')) throw new TypeError('fetch failed');
          return null;
        }),
    ],
    [
      'an endless list',
      'too-large',
      async (lab) =>
        meddle(lab, async (url) => {
          if (!url.includes('/crl/')) return null;
          const chunk = new Uint8Array(16 * 1024 * 1024);
          return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
        }),
    ],
  ];
  for (const [what, problem, make] of cases) {
    test(`${what} reads unknown, ${problem}`, async () => {
      const lab = await aLab();
      const leaf = await lab.issue();
      await lab.revoke(leaf.serial);
      expect((await httpProbe(lab).look(leaf)).published).toBe(true);
      const probe = httpProbe({ time: lab.time, fetch: await make(lab) });
      // The signature's last byte may be anything, so a wrong-issuer list fails on its signature first.
      const seen = await probe.look(leaf);
      expect(seen.crl).toBe('unknown');
      expect(seen.published).toBe(false);
      const accepted = problem === 'crl-wrong-issuer' ? ['crl-wrong-issuer', 'crl-bad-signature'] : [problem];
      expect(accepted).toContain(seen.problem);
      expect(seen.ocsp).toBe('revoked');
    });
  }

  test('a shard under the address of another shard is a mismatch, and a revoked serial is not "good" there', async () => {
    const lab = await aLab({ shards: 2 });
    const leaf = await lab.issue();
    await lab.revoke(leaf.serial);
    const own = leaf.crlUrls[0]!;
    const other = own.endsWith('0.crl') ? own.replace('0.crl', '1.crl') : own.replace('1.crl', '0.crl');
    const fetch = meddle(lab, async (url) => (url === own ? lab.fetch(other) : null));
    expect(await httpProbe({ time: lab.time, fetch }).look(leaf)).toMatchObject({
      crl: 'unknown',
      problem: 'crl-idp-mismatch',
    });
  });

  test('a list that has expired, and one that goes back in number', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    const old = new Uint8Array(await (await lab.fetch(leaf.crlUrls[0]!)).arrayBuffer());
    const stale: Fetch = meddle(lab, async (url) => (url.includes('/crl/') ? new Response(old) : null));
    lab.time.advanceTo(lab.time.now().add(hours(24 * 8)));
    expect(await httpProbe({ time: lab.time, fetch: stale }).look(leaf)).toMatchObject({
      crl: 'unknown',
      problem: 'crl-expired',
    });

    const fresh = await aLab();
    const target = await fresh.issue();
    const first = new Uint8Array(await (await fresh.fetch(target.crlUrls[0]!)).arrayBuffer());
    await fresh.revoke(target.serial);
    const numbers = numbersInMemory();
    expect((await httpProbe({ ...fresh, numbers }).look(target)).published).toBe(true);
    const back = meddle(fresh, async (url) => (url.includes('/crl/') ? new Response(first) : null));
    expect(await httpProbe({ time: fresh.time, fetch: back, numbers }).look(target)).toMatchObject({
      crl: 'unknown',
      problem: 'crl-number-went-back',
      published: false,
    });
  });

  test('an OCSP answer for another certificate, an old one, and "unauthorized" are not answers', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    const other = await lab.issue();
    const hidden = await lab.issue({ ocsp: 'unauthorized' });
    for (const one of [leaf, other, hidden]) await lab.revoke(one.serial);
    let otherAnswer: Uint8Array = new Uint8Array();
    const recorder = meddle(lab, async (url, init) => {
      if (!url.includes('/ocsp')) return null;
      const response = await lab.fetch(url, init);
      otherAnswer = new Uint8Array(await response.arrayBuffer());
      return new Response(otherAnswer as Uint8Array<ArrayBuffer>);
    });
    await httpProbe({ time: lab.time, fetch: recorder }).look(other);
    const replay = meddle(lab, async (url) =>
      url.includes('/ocsp') ? new Response(otherAnswer as Uint8Array<ArrayBuffer>) : null,
    );
    expect(await httpProbe({ time: lab.time, fetch: replay }).look(leaf)).toMatchObject({
      crl: 'revoked',
      ocsp: 'unknown',
      problem: 'ocsp-other-certificate',
      published: false,
    });
    // The recorded POST answer carries its nonce: replayed to a new POST it is a mismatch.
    expect((await httpProbe({ time: lab.time, fetch: replay }).look(other)).problem).toBe('ocsp-nonce-mismatch');
    lab.time.advanceTo(lab.time.now().add(hours(24 * 5)));
    expect((await httpProbe({ time: lab.time, fetch: replay }).look(other)).problem).toBe('ocsp-expired');
    expect(await httpProbe(lab).look(hidden)).toMatchObject({
      crl: 'revoked',
      ocsp: 'unknown',
      problem: 'ocsp-unauthorized',
      published: false,
    });
  });

  test('a cached "good" by GET beside a "revoked" by POST is not yet published', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    let cached: Uint8Array | null = null;
    const cdn = meddle(lab, async (url, init) => {
      if (!url.includes('/ocsp/')) return null;
      cached ??= new Uint8Array(await (await lab.fetch(url, init)).arrayBuffer());
      return new Response(cached as Uint8Array<ArrayBuffer>, { headers: { age: '3600' } });
    });
    const probe = httpProbe({ time: lab.time, fetch: cdn });
    await probe.look(leaf);
    await lab.revoke(leaf.serial);
    const seen = await probe.look(leaf);
    expect(seen).toMatchObject({ crl: 'revoked', ocsp: 'good', published: false });
    expect(seen.evidence.find((one) => one.method === 'GET' && one.kind === 'ocsp')?.age).toBe(3600);
  });
});

describe('several sources', () => {
  test('a dead mirror, an LDAP address and a responder that takes only GET hide nothing', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    await lab.revoke(leaf.serial);
    const fetch = meddle(lab, async (url, init) => {
      if (url.includes('dead.test')) throw new TypeError('fetch failed');
      return init?.method === 'POST' ? new Response('', { status: 405 }) : null;
    });
    const subject = { ...leaf, crlUrls: ['ldap://ca.test/cn=ca', ...leaf.crlUrls, 'http://dead.test/1.crl'] };
    const seen = await httpProbe({ time: lab.time, fetch }).look(subject);
    expect(seen).toMatchObject({ crl: 'revoked', ocsp: 'revoked', published: true, problem: 'not-http' });
    const silent = await httpProbe({ time: lab.time, fetch }).look({ ...leaf, crlUrls: ['http://dead.test/1.crl'] });
    expect(silent).toMatchObject({ crl: 'unknown', published: false, problem: 'unreachable' });
  });

  test('a mirror that serves an old list is a gap', async () => {
    const lab = await aLab();
    const leaf = await lab.issue();
    const old = new Uint8Array(await (await lab.fetch(leaf.crlUrls[0]!)).arrayBuffer());
    await lab.revoke(leaf.serial);
    const mirror = 'http://mirror.test/crl/tls-0.crl';
    const fetch = meddle(lab, async (url) => (url === mirror ? new Response(old) : null));
    const seen = await httpProbe({ time: lab.time, fetch }).look({ ...leaf, crlUrls: [...leaf.crlUrls, mirror] });
    expect(seen).toMatchObject({ crl: 'good', published: false });
  });
});

describe('many at once', () => {
  test('each list is fetched once, OCSP goes in bulk, and one hidden certificate does not hide the others', async () => {
    const lab = await aLab({ shards: 3 });
    const issued = await lab.ca.issueMany(
      Array.from({ length: 300 }, (_, i) => ({
        spki: someKey,
        names: [`n${i}.example`],
        ...(i === 150 ? { ocsp: 'unauthorized' as const } : {}),
      })),
    );
    const leaves = issued.map((one) => lab.subjectOf(one.der));
    for (const leaf of leaves.slice(0, 200)) await lab.revoke(leaf.serial);
    const calls: string[] = [];
    const probe = httpProbe({
      time: lab.time,
      fetch: (url, init) => {
        calls.push(url);
        return lab.fetch(url, init);
      },
    });
    const seen = await probe.lookMany(leaves);
    expect(seen.map((one) => one.serial)).toEqual(leaves.map((leaf) => leaf.serial));
    expect(seen.filter((one) => one.published).length).toBe(199);
    expect(seen[150]).toMatchObject({ crl: 'revoked', ocsp: 'unknown', problem: 'ocsp-unauthorized' });
    expect(seen.slice(200).every((one) => one.crl === 'good' && one.ocsp === 'good')).toBe(true);
    expect(calls.filter((url) => url.includes('/crl/')).length).toBe(3);
    expect(calls.filter((url) => url.includes('/ocsp')).length).toBeLessThan(30);
    // The next pass finds the lists unchanged.
    calls.length = 0;
    expect((await probe.lookMany(leaves.slice(0, 50))).every((one) => one.published)).toBe(true);
  });

  test('a responder of the RFC 5019 kind is asked one by one', async () => {
    const lab = await aLab();
    const leaves = [await lab.issue(), await lab.issue(), await lab.issue()];
    for (const leaf of leaves) await lab.revoke(leaf.serial);
    const fetch = meddle(lab, async (url, init) =>
      init?.method === 'POST' && url.includes('/ocsp') ? new Response(Uint8Array.of(0x30, 3, 0x0a, 1, 1)) : null,
    );
    const seen = await httpProbe({ time: lab.time, fetch }).lookMany(leaves);
    expect(seen.every((one) => one.published)).toBe(true);
  });
});
