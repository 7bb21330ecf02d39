/** What every inventory promises; each adapter runs the same sentences. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fingerprint } from '../../src/foundation/brand.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { findAny, type Inventory, recordOf } from '../../src/stages/inventory/index.ts';
import { sampleCertificate, sampleKey, sampleModulus, sampleRsaKey } from '../../src/stages/inventory/sample.ts';

const now = at('2026-07-01T12:00:00Z');

export interface Adapter {
  readonly name: string;
  /** An empty inventory that reads `time`. */
  open(time: VirtualTime): Promise<Inventory>;
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

export function inventoryContract(adapter: Adapter): void {
  describe(`the inventory (${adapter.name})`, () => {
    let inventory: Inventory;
    let time: VirtualTime;

    beforeAll(async () => adapter.start?.());
    afterAll(async () => adapter.stop?.());
    beforeEach(async () => {
      time = new VirtualTime(now);
      inventory = await adapter.open(time);
    });

    const fingerprintsOf = (answer: { matches: readonly { certificate: { fingerprint: Fingerprint } }[] }) =>
      answer.matches.map((match) => match.certificate.fingerprint);

    it('finds a certificate by everything a report may name, and says by what', async () => {
      const record = recordOf(sampleCertificate({ serial: '4a10c3', names: ['www.shop.example', '*.cdn.example'] }), {
        subscriber: 'SUB-1',
        account: 'acct-7',
        tags: ['dcv-cname'],
      });
      await inventory.add([record, recordOf(sampleCertificate({ serial: '4a10c4', names: ['other.example'] }))]);
      await inventory.learnCrtshIds([{ id: '123456789', fingerprint: record.fingerprint }]);
      const named = [
        [record.fingerprint, ['fingerprint']],
        [record.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:'), ['fingerprint']],
        [record.sha1, ['sha1']],
        [record.spkiHash, ['spki', 'spki-exact']],
        [record.keyMaterial, ['key-material']],
        [`sha256/${Buffer.from(record.spkiHash, 'hex').toString('base64')}`, ['spki', 'spki-exact']],
        ['004a10c3', ['serial']],
        ['4A:10:C3', ['serial']],
        [String(0x4a10c3), ['serial']],
        ['123456789', ['crtsh']],
        ['https://crt.sh/?id=123456789', ['crtsh']],
        [`https://crt.sh/?spkisha256=${record.spkiHash}`, ['spki', 'spki-exact']],
        ['www.shop.example', ['name']],
        ['https://www.shop.example/login', ['name']],
        ['shop.example', ['subdomain']],
        ['img.cdn.example', ['wildcard']],
        ['aYhba4dGQEHhs3uEe6CuLN4ByNQ.ShDD', ['cert-id']],
      ] as const;
      for (const [query, by] of named) {
        const answer = await findAny(inventory, query!);
        expect({ query, found: answer.matches.map((match) => [match.certificate.serial, match.by]) }).toEqual({
          query,
          found: [['4a10c3', by]],
        });
      }
      for (const query of [
        { by: 'subscriber', value: 'SUB-1' },
        { by: 'account', value: 'acct-7' },
        { by: 'tag', value: 'dcv-cname' },
      ] as const) {
        expect(fingerprintsOf(await inventory.find(query))).toEqual([record.fingerprint]);
      }
    });

    it('answers with the facts of the certificate', async () => {
      const record = recordOf(sampleCertificate({ serial: '8001', names: ['a.example'] }), { subscriber: 'SUB-1' });
      await inventory.add([record]);
      const [match] = (await inventory.find({ by: 'serial', value: '8001' })).matches;
      const { der: _, sha1: __, spkiSha1: ___, subjectKeyId: ____, ...facts } = record;
      expect(match!.certificate).toEqual({ ...facts, status: 'good', precertificateFingerprint: null });
    });

    it('does not find what nobody issued, and the empty answer carries the watermark', async () => {
      await inventory.add([recordOf(sampleCertificate()), recordOf(sampleCertificate())]);
      await inventory.record({
        source: 'ca:https://ca.example',
        kind: 'ca',
        position: '2',
        issuedCount: 3,
        upTo: at('2026-07-01T11:00:00Z'),
      });
      const answer = await inventory.find({ by: 'spki', value: 'ab'.repeat(32) });
      expect(answer.matches).toEqual([]);
      expect(answer.watermark).toEqual({ rows: 2, issuedCount: 3, upTo: at('2026-07-01T11:00:00Z') });
      expect(await inventory.progress('ca:https://ca.example')).toMatchObject({ position: '2', kind: 'ca' });
      expect(await inventory.progress('ca:https://other.example')).toBeNull();
    });

    it('takes text that is no identifier for an empty answer, not for an error', async () => {
      await inventory.add([recordOf(sampleCertificate())]);
      for (const value of ['', 'zz', 'abc', "'; drop table certificate; --", '\u0000']) {
        expect((await inventory.find({ by: 'spki', value })).matches).toEqual([]);
        expect((await findAny(inventory, value)).matches).toEqual([]);
      }
    });

    it('keeps a precertificate and its certificate as one entry, whichever came first', async () => {
      const spki = sampleKey();
      for (const order of ['precertificate first', 'certificate first', 'together', 'together, turned round']) {
        const serial = `5${order.length}`;
        const pre = recordOf(sampleCertificate({ serial, spki, precertificate: true }));
        const final = recordOf(sampleCertificate({ serial, spki }));
        if (order === 'precertificate first') {
          expect(await inventory.add([pre])).toEqual({ stored: 1, unified: 0, known: 0 });
          const [only] = (await inventory.find({ by: 'serial', value: serial })).matches;
          expect(only!.certificate).toMatchObject({ precertificate: true, fingerprint: pre.fingerprint });
          expect(await inventory.add([final])).toEqual({ stored: 0, unified: 1, known: 0 });
        } else if (order === 'certificate first') {
          await inventory.add([final]);
          await inventory.add([pre]);
        } else await inventory.add(order === 'together' ? [pre, final] : [final, pre]);
        for (const query of [pre.fingerprint, final.fingerprint]) {
          const { matches } = await findAny(inventory, query);
          expect({ order, found: matches.map((match) => match.certificate) }).toMatchObject({
            order,
            found: [
              { fingerprint: final.fingerprint, precertificateFingerprint: pre.fingerprint, precertificate: false },
            ],
          });
        }
        expect([...(await inventory.bytesOf([pre.fingerprint, final.fingerprint])).keys()].sort()).toEqual(
          [pre.fingerprint, final.fingerprint].sort(),
        );
      }
      expect(await inventory.stats()).toMatchObject({ certificates: 4, precertificates: 0 });
    });

    it('keeps two different certificates that share issuer and serial apart', async () => {
      const twins = [sampleCertificate({ serial: '77' }), sampleCertificate({ serial: '77' })].map((der) =>
        recordOf(der),
      );
      await inventory.add(twins);
      const other = recordOf(sampleCertificate({ serial: '77', precertificate: true }));
      await inventory.add([other]);
      expect((await inventory.find({ by: 'serial', value: '77' })).matches).toHaveLength(3);
    });

    it('places every half once when two importers add at the same time', async () => {
      const halves = Array.from({ length: 60 }, (_, n) => {
        const common = { serial: `2${n.toString(16).padStart(3, '0')}`, spki: sampleKey() };
        return [recordOf(sampleCertificate({ ...common, precertificate: true })), recordOf(sampleCertificate(common))];
      });
      const [log, ca] = [halves.map(([pre]) => pre!), halves.map(([, final]) => final!)];
      const parts = (all: typeof log) => [all.slice(0, 20), all.slice(20, 40), all.slice(40)];
      await Promise.all([...parts(log), ...parts(ca), ...parts(ca).reverse()].map((part) => inventory.add(part)));
      expect(await inventory.stats()).toMatchObject({ certificates: 60, precertificates: 0 });
      const { matches } = await inventory.walk({ after: null, limit: 100 });
      expect(matches.filter((match) => match.certificate.precertificateFingerprint === null)).toEqual([]);
    });

    it('does not mix up the same serial of two issuers', async () => {
      const pre = recordOf(sampleCertificate({ serial: '78', issuer: 'CA A', precertificate: true }));
      const final = recordOf(sampleCertificate({ serial: '78', issuer: 'CA B' }));
      expect(await inventory.add([pre])).toMatchObject({ stored: 1 });
      expect(await inventory.add([final])).toMatchObject({ stored: 1 });
    });

    it('changes nothing when the same certificate is added again, but learns whose it is', async () => {
      const der = sampleCertificate({ serial: '79' });
      await inventory.add([recordOf(der, { tags: ['first'] })]);
      const again = recordOf(der, { subscriber: 'SUB-2', account: 'acct-2', tags: ['second', 'first'] });
      expect(await inventory.add([again, again])).toEqual({ stored: 0, unified: 0, known: 2 });
      await inventory.add([recordOf(der, { subscriber: 'SUB-3' })]);
      const [match] = (await inventory.find({ by: 'serial', value: '79' })).matches;
      expect(match!.certificate).toMatchObject({ subscriber: 'SUB-2', account: 'acct-2', tags: ['first', 'second'] });
      expect(fingerprintsOf(await inventory.find({ by: 'tag', value: 'second' }))).toHaveLength(1);
    });

    it('finds one RSA key in all its spellings, and a shared modulus only by its material', async () => {
      const modulus = sampleModulus();
      const records = (['plain', 'without-null', 'pss'] as const).map((spelling) =>
        recordOf(sampleCertificate({ spki: sampleRsaKey(modulus, spelling) })),
      );
      const otherExponent = recordOf(sampleCertificate({ spki: sampleRsaKey(modulus, 'plain', 3) }));
      await inventory.add([...records, otherExponent, recordOf(sampleCertificate())]);
      const page = await inventory.findByKeys([records[0]!.spkiHash]);
      expect(page.matches.map((match) => match.by)).toEqual([['spki', 'spki-exact'], ['spki'], ['spki']]);
      const wide = await inventory.findByKeys([records[0]!.spkiHash, records[2]!.spkiExact, records[0]!.keyMaterial]);
      expect(wide.matches.map((match) => match.by)).toEqual([
        ['spki', 'spki-exact', 'key-material'],
        ['spki', 'key-material'],
        ['spki', 'spki-exact', 'key-material'],
        ['key-material'],
      ]);
      expect(await inventory.countByKeys([records[0]!.keyMaterial])).toBe(4);
      expect(await inventory.countByKeys([records[0]!.spkiHash])).toBe(3);
    });

    it('finds a key whose point a certificate carries compressed', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const plain = publicKey.export({ format: 'der', type: 'spki' });
      const point = plain.subarray(plain.length - 65);
      const compressed = Buffer.from([
        ...Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
        2 + (point[64]! & 1),
        ...point.subarray(1, 33),
      ]);
      await inventory.add([recordOf(sampleCertificate({ spki: compressed }))]);
      const asked = recordOf(sampleCertificate({ spki: plain }));
      expect((await inventory.findByKeys([asked.spkiHash])).matches.map((match) => match.by)).toEqual([['spki']]);
      // The twin: by the plain hash alone the key would have gone unfound.
      expect((await inventory.find({ by: 'spki-exact', value: asked.spkiExact })).matches).toEqual([]);
    });

    it('finds many at once by fingerprint, serial or name, and passes over what nobody carries', async () => {
      const spki = sampleKey();
      const pre = recordOf(sampleCertificate({ serial: '21', spki, precertificate: true }));
      const records = ['21', '22', '23'].map((serial) =>
        recordOf(sampleCertificate({ serial, names: [`n${serial}.shop.example`, 'all.shop.example'], spki })),
      );
      await inventory.add([pre, ...records]);
      const serials = async (by: 'fingerprint' | 'serial' | 'name' | 'crtsh', values: readonly string[]) =>
        (await inventory.findMany(by, values)).map((certificate) => certificate.serial).sort();
      const { fingerprint } = records[1]!;
      expect(await serials('fingerprint', [pre.fingerprint, fingerprint, 'ab'.repeat(32), 'x'])).toEqual(['21', '22']);
      expect(await serials('serial', ['22', '23', '99', "'"])).toEqual(['22', '23']);
      expect(await serials('name', ['N21.shop.example.', 'all.shop.example', 'shop.example', '\u0000'])).toEqual([
        '21',
        '22',
        '23',
      ]);
      expect(await serials('name', [])).toEqual([]);
      expect(
        await inventory.namesAmong(['N21.shop.example.', 'all.shop.example', 'shop.example', '\u0000', "'"]),
      ).toEqual(new Set(['N21.shop.example.', 'all.shop.example']));
      await inventory.learnCrtshIds([{ id: '4711', fingerprint }]);
      expect(await serials('crtsh', ['4711', '4712', 'x', '9'.repeat(30)])).toEqual(['22']);
    });

    it('walks a large set in pages without loss or repetition', async () => {
      const spki = sampleKey();
      const records = Array.from({ length: 25 }, (_, n) =>
        recordOf(sampleCertificate({ spki: n % 5 === 0 ? sampleKey() : spki })),
      );
      await inventory.add(records);
      for (const [expected, page] of [
        [20, (after: string | null) => inventory.findByKeys([records[1]!.spkiHash], { after, limit: 7 })],
        [25, (after: string | null) => inventory.walk({ after, limit: 10 })],
      ] as const) {
        const seen: string[] = [];
        let after: string | null = null;
        do {
          const answer: Awaited<ReturnType<Inventory['walk']>> = await page(after);
          seen.push(...fingerprintsOf(answer));
          after = answer.next;
        } while (after !== null);
        expect(new Set(seen).size).toBe(expected);
        expect(seen).toHaveLength(expected);
      }
    });

    it('lets a follower read on from where it stood: what came, what was completed, what was revoked', async () => {
      const spki = sampleKey();
      const [first, second, third] = ['31', '32', '33'].map((serial) => recordOf(sampleCertificate({ serial })));
      const pre = recordOf(sampleCertificate({ serial: '34', spki, precertificate: true }));
      await inventory.add([first!, second!, pre]);
      let last = (await inventory.walk({ after: null, limit: 10 })).last;
      const news = async () => {
        const page = await inventory.walk({ after: last, limit: 10 });
        last = page.last;
        return page.matches.map((match) => match.certificate.serial);
      };
      expect(await news()).toEqual([]);
      await inventory.markStatus([
        { fingerprint: second!.fingerprint, revoked: { at: now, reason: 'superseded' } },
        { fingerprint: first!.fingerprint, revoked: { at: now, reason: null } },
      ]);
      expect((await news()).sort()).toEqual(['31', '32']);
      await inventory.add([recordOf(sampleCertificate({ serial: '34', spki })), first!]);
      expect(await news()).toEqual(['34']);
      await inventory.add([third!, { ...third!, revoked: { at: now, reason: 'keyCompromise' } }]);
      expect(await news()).toEqual(['33']);
      await inventory.markStatus([{ fingerprint: second!.fingerprint, revoked: { at: now, reason: 'superseded' } }]);
      expect(await news()).toEqual([]);
    });

    it('says when there is more than it shows', async () => {
      await inventory.add(
        Array.from({ length: 5 }, (_, n) =>
          recordOf(sampleCertificate({ names: [`n${n}.pop.example`, 'x.pop.example'] })),
        ),
      );
      const answer = await inventory.find({ by: 'domain', value: 'pop.example' }, { limit: 3 });
      expect([answer.matches.length, answer.more]).toEqual([3, true]);
      expect((await inventory.find({ by: 'domain', value: 'pop.example' }, { limit: 5 })).more).toBe(false);
    });

    it('reads names as people write them: case, dot, IDN, mailboxes, wildcards', async () => {
      await inventory.add([
        recordOf(sampleCertificate({ serial: '01', names: ['xn--bcher-kva.example'] })),
        recordOf(sampleCertificate({ serial: '02', names: ['WWW.Shop.example'] })),
        recordOf(sampleCertificate({ serial: '03', names: [], mailboxes: ['Alice@shop.example'] })),
        recordOf(sampleCertificate({ serial: '04', names: ['*.shop.example'] })),
        recordOf(sampleCertificate({ serial: '05', names: ['notshop.example', 'shop.example.net'] })),
        recordOf(sampleCertificate({ serial: '06', names: [], commonName: 'old.example' })),
      ]);
      const serials = async (value: string) =>
        (await findAny(inventory, value)).matches.map((match) => `${match.certificate.serial} ${match.by.join()}`);
      expect(await serials('Bücher.example')).toEqual(['1 name']);
      expect(await serials('shop.example.')).toEqual(['2 subdomain', '3 subdomain', '4 subdomain']);
      expect(await serials('www.SHOP.example')).toEqual(['2 name', '4 wildcard']);
      expect(await serials('alice@shop.example')).toEqual(['3 name']);
      expect(await serials('*.shop.example')).toEqual(['4 name,subdomain', '2 subdomain', '3 subdomain'].sort());
      expect(await serials('old.example')).toEqual(['6 name']);
      expect(await serials('b.a.shop.example')).toEqual([]);
    });

    it('keeps a certificate findable whose name holds a NUL', async () => {
      await inventory.add([
        recordOf(sampleCertificate({ serial: '09', names: ['www.bank.example\u0000.evil.example'] })),
      ]);
      expect((await inventory.find({ by: 'domain', value: 'evil.example' })).matches).toHaveLength(1);
    });

    it('takes whatever a certificate may say: halves of characters, endless names, a serial of any length', async () => {
      const odd = [
        sampleCertificate({ serial: '0a', issuer: 'half \ud800 of a pair' }),
        sampleCertificate({ serial: '0b', names: ['x'.repeat(5000)] }),
        sampleCertificate({ serial: `1${'0'.repeat(1999)}` }),
        sampleCertificate({ serial: '0c', authorityKeyId: 'ab'.repeat(5000) }),
        sampleCertificate({ serial: '0d', names: Array.from({ length: 3000 }, (_, n) => `n${n}.many.example`) }),
        sampleCertificate({ serial: '0e', notAfter: at('9999-12-31T23:59:59Z') }),
      ];
      // Random damage that still parses: whatever is left must be storable and must come back.
      for (let n = 0; n < 400; n++) {
        const damaged = Buffer.from(sampleCertificate({ mailboxes: ['a@b.example'], issuer: `CA ${n}` }));
        for (let k = 0; k <= n % 4; k++)
          damaged[Math.floor((n * 7919 + k * 104729) % damaged.length)] = (n * 31 + k * 17) % 256;
        try {
          recordOf(damaged);
          odd.push(damaged);
        } catch {
          // Not a certificate any more.
        }
      }
      const records = odd.map((der) => recordOf(der));
      await inventory.add(records);
      const { matches } = await inventory.walk({ after: null, limit: 1000 });
      expect(matches.map((match) => match.certificate.names)).toEqual(records.map((record) => record.names));
    });

    it('calls a certificate expired only after its last second, and revoked in any case', async () => {
      const ends = at('2026-07-01T12:00:00Z');
      const records = ['10', '11'].map((serial) => recordOf(sampleCertificate({ serial, notAfter: ends })));
      await inventory.add(records);
      const statuses = async () => [
        ...(await inventory.walk({ after: null, limit: 10 })).matches.map((match) => match.certificate.status),
      ];
      expect(await statuses()).toEqual(['good', 'good']);
      await inventory.markStatus([{ fingerprint: records[1]!.fingerprint, revoked: { at: now, reason: null } }]);
      time.advanceTo(at('2026-07-01T12:00:01Z'));
      expect(await statuses()).toEqual(['expired', 'revoked']);
      expect(await inventory.stats()).toMatchObject({ certificates: 2, revoked: 1, expired: 2 });
    });

    it('never loses a reason: the earliest instant stays, and only keyCompromise replaces another', async () => {
      const record = recordOf(sampleCertificate());
      await inventory.add([record]);
      const { fingerprint } = record;
      const mark = async (instant: string, reason: 'keyCompromise' | 'superseded' | null) => {
        const changed = await inventory.markStatus([{ fingerprint, revoked: { at: at(instant), reason } }]);
        const [match] = (await inventory.find({ by: 'fingerprint', value: fingerprint })).matches;
        return [changed, match!.certificate.revoked!.at.toString(), match!.certificate.revoked!.reason];
      };
      const first = '2026-07-01T10:00:00Z';
      expect(await mark(first, null)).toEqual([1, first, null]);
      expect(await mark('2026-07-01T11:00:00Z', 'superseded')).toEqual([1, first, 'superseded']);
      expect(await mark('2026-07-01T12:00:00Z', 'keyCompromise')).toEqual([1, first, 'keyCompromise']);
      expect(await mark('2026-07-01T12:00:00Z', 'superseded')).toEqual([0, first, 'keyCompromise']);
      expect(await mark('2026-07-01T09:00:00Z', null)).toEqual([1, '2026-07-01T09:00:00Z', 'keyCompromise']);
      await inventory.add([recordOf(sampleCertificate(), { revoked: { at: now, reason: 'superseded' } })]);
      expect(await inventory.stats()).toMatchObject({ revoked: 2 });
    });

    it('ignores the status of a certificate it does not know', async () => {
      const stranger = recordOf(sampleCertificate());
      expect(
        await inventory.markStatus([{ fingerprint: stranger.fingerprint, revoked: { at: now, reason: null } }]),
      ).toBe(0);
    });

    it('places every half in one entry per certificate, in whatever order they come', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray(
            [0, 1, 2, 3].flatMap((n) => [
              { n, precertificate: true },
              { n, precertificate: false },
            ]),
            { minLength: 8 },
          ),
          fc.integer({ min: 1, max: 8 }),
          async (order, size) => {
            const before = (await inventory.stats()).certificates;
            const issuer = `CA ${order.map((item) => `${item.n}${item.precertificate}`).join()} ${size} ${before}`;
            const keys = [0, 1, 2, 3].map(() => sampleKey());
            const records = order.map(({ n, precertificate }) =>
              recordOf(sampleCertificate({ issuer, serial: `6${n}`, spki: keys[n]!, precertificate })),
            );
            for (let from = 0; from < records.length; from += size) {
              await inventory.add(records.slice(from, from + size));
            }
            expect((await inventory.stats()).certificates).toBe(before + 4);
            const page = await inventory.findByKeys(records.map((record) => record.spkiHash));
            expect(page.matches).toHaveLength(4);
            expect(page.matches.every((match) => !match.certificate.precertificate)).toBe(true);
          },
        ),
        { numRuns: 15 },
      );
    });
  });
}
