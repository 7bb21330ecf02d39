/** The list of blocked keys on a real PostgreSQL. */
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import type { CaseId, SpkiHash } from '../../src/foundation/brand.ts';
import { at } from '../../src/foundation/time/time.ts';
import { testDatabase } from '../../src/platform/store/testing.ts';
import {
  acceptedWording,
  bloomHas,
  createReadingRoom,
  migrations,
  postgresBlockedKeys,
} from '../../src/stages/evidence/index.ts';
import { aCertificate, aCsr, anEcKey, fingerprintOf } from '../../src/stages/evidence/prove/test-keys.ts';

const database = await testDatabase();
await database.pool.query('drop schema if exists evidence cascade');
for (const migration of migrations) await database.pool.query(migration.sql);
afterAll(() => database.drop());

const keys = postgresBlockedKeys(database.pool);
const hash = (text: string) => createHash('sha256').update(text).digest('hex') as SpkiHash;
const because = { caseId: 'case-1' as CaseId, verdict: 'proven-key' };
const first = at('2026-03-07T20:00:00Z');

describe('blocked keys', () => {
  it('stay blocked as first entered, however often they are blocked again', async () => {
    await keys.block([hash('a'), hash('b')], because, first);
    const before = await keys.watermark();
    await keys.block([hash('a')], { ...because, caseId: 'case-2' as CaseId }, at('2026-03-08T00:00:00Z'));
    expect(await keys.isBlocked(hash('a'))).toBe(true);
    expect(await keys.isBlocked(hash('c'))).toBe(false);
    expect((await keys.lookup([hash('a'), hash('c')])).get(hash('a'))).toMatchObject({
      caseId: 'case-1',
      because: 'proven-key',
      blockedAt: first,
    });
    expect((await keys.watermark()).count).toBe(before.count);
  });

  it('answer by the bare key too, since another exponent is no other key', async () => {
    await keys.block([hash('rsa')], because, first, new Map([[hash('rsa'), { materialSha256: hash('modulus') }]]));
    expect(await keys.isBlocked(hash('modulus'))).toBe(true);
    expect((await keys.lookup([hash('modulus')])).get(hash('modulus'))?.spkiSha256).toBe(hash('rsa'));
  });

  it('cannot be changed or taken away, not even in the database', async () => {
    for (const sql of [
      'delete from evidence.blocked_key',
      "update evidence.blocked_key set because = 'x'",
      'truncate evidence.blocked_key',
    ]) {
      await expect(database.pool.query(sql)).rejects.toThrow('append-only');
    }
  });

  it('change the watermark with every new key, and only then', async () => {
    const before = (await keys.watermark()).etag;
    await keys.block([hash('a')], because, first);
    await keys.block([hash('new')], because, first);
    expect((await keys.watermark()).etag).not.toBe(before);
  });

  it('export whole: every page, CSV and Bloom filter hold every key', async () => {
    await keys.block(
      Array.from({ length: 2_500 }, (_, i) => hash(`bulk ${i}`)),
      because,
      first,
    );
    const { count } = await keys.watermark();
    const paged = new Set<string>();
    for (let after: number | null = 0; after !== null; ) {
      const page = await keys.page(after, 700);
      for (const row of page.rows) paged.add(row.spkiSha256);
      after = page.next;
    }
    expect(paged.size).toBe(count);
    let csv = '';
    for await (const piece of keys.exportCsv()) csv += piece;
    expect(csv.trim().split('\n')).toHaveLength(count + 1);
    const bloom = await keys.exportBloom();
    expect([...paged].every((one) => bloomHas(bloom, one))).toBe(true);
    const strangers = Array.from({ length: 20_000 }, (_, i) => hash(`stranger ${i}`));
    expect(strangers.filter((one) => bloomHas(bloom, one)).length).toBeLessThan(3);
  });

  it('stand beside the operator’s lists of weak classes', async () => {
    await keys.enlist('debian', [hash('weak')], 'operator', first);
    const [list] = await keys.lists();
    const hashes = { exact: hash('x'), canonical: hash('weak'), material: hash('y') };
    expect(list?.find(hashes, '')).toEqual({ listed: 'debian', list: 'operator' });
    expect(list?.find({ ...hashes, canonical: hash('other') }, '')).toBeNull();
  });
});

describe('a request with a statement of compromise', () => {
  const key = anEcKey();
  const certificate = aCertificate(key);
  const room = createReadingRoom({ identity: async () => null, inProcess: true });
  const verdictOn = async (request: Uint8Array) => {
    const pem = Buffer.from(request).toString('base64').replace(/.{64}/g, '$&\r\n');
    const mail = `From: a@reporter.example\r\nTo: b@ca.example\r\nSubject: key\r\n\r\n-----BEGIN CERTIFICATE REQUEST-----\r\n${pem}\r\n-----END CERTIFICATE REQUEST-----\r\n`;
    const reading = await room.read(
      { bytes: Buffer.from(mail), sealed: false, keyId: null, reportId: 'r', receivedAt: first },
      async () => [{ fingerprint: fingerprintOf(certificate), der: certificate }],
      (hashes) => keys.enrolledAmong(hashes),
    );
    return reading.evidence.find((item) => item.form === 'csr')?.verdict;
  };

  it('proves, unless it is the one on which a certificate was issued', async () => {
    const request = aCsr(key, acceptedWording);
    expect(await verdictOn(request)).toBe('proven-statement');
    await keys.noteEnrolled([request, Buffer.from('no request')], first);
    await keys.noteEnrolled([request], first);
    expect(await verdictOn(request)).toBe('possession-only');
    expect(await verdictOn(aCsr(anEcKey(), acceptedWording))).not.toBe('possession-only');
    await expect(database.pool.query('delete from evidence.enrolment')).rejects.toThrow('append-only');
  });
});
