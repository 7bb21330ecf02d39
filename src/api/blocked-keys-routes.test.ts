/** The list of blocked keys as a system that issues asks for it. */
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { at } from '../foundation/time/time.ts';
import type { Visitor } from './access/access.ts';
import { addBlockedKeyRoutes, type BlockedKeyList } from './blocked-keys-routes.ts';
import { problemResponse } from './problem.ts';

const blocked = 'ab'.repeat(32);
const other = 'cd'.repeat(32);
let state = 1;
const list: BlockedKeyList = {
  lookup: async (hashes) =>
    new Map(hashes.flatMap((h) => (h === blocked ? [[h, { blockedAt: at('2026-03-07T20:00:00Z') }] as const] : []))),
  watermark: async () => ({ etag: `bk-${state}` }),
  async *exportCsv() {
    yield 'spki_sha256,blocked_at,because\n';
    yield `${blocked},2026-03-07T20:00:00Z,proven-key\n`;
  },
  exportBloom: async () => new Uint8Array([0x52, 0x53, 0x42, 0x46]),
};

function app(scopes: readonly string[] | null): Hono<{ Variables: { visitor: Visitor } }> {
  const made = new Hono<{ Variables: { visitor: Visitor } }>();
  made.onError((error, context) => problemResponse(context, error));
  if (scopes !== null) {
    made.use(async (context, next) => {
      const visitor = { principal: { id: 'token:ca', name: 'ca', teams: [] }, scopes: new Set(scopes), by: 'token' };
      context.set('visitor', visitor as unknown as Visitor);
      await next();
    });
  }
  addBlockedKeyRoutes(made, list);
  return made;
}

const base = '/api/v1/blocked-keys';
const ask = (body: unknown, to = app(['blocked-keys'])) =>
  to.request(`${base}/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('blocked keys for issuance', () => {
  it('are answered many at a time, in order, with the state of the list', async () => {
    const answer = await ask({ spkiSha256: [other, blocked] });
    expect(answer.headers.get('etag')).toBe(`"bk-${state}"`);
    expect(await answer.json()).toEqual({
      items: [
        { spkiSha256: other, blocked: false, blockedAt: null },
        { spkiSha256: blocked, blocked: true, blockedAt: '2026-03-07T20:00:00Z' },
      ],
    });
  });

  it('refuse what is no list of hashes with one sentence', async () => {
    const wrong = [
      {},
      { spkiSha256: [] },
      { spkiSha256: ['zz'] },
      { spkiSha256: Array.from({ length: 10_001 }, () => other) },
      'no json',
    ];
    for (const body of wrong) {
      const answer = await ask(body);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain('1 to 10000 hashes');
    }
  });

  it('come whole as CSV and as Bloom filter, and not at all while nothing has changed', async () => {
    for (const [file, starts] of [
      ['export.csv', 'spki_sha256,blocked_at,because\nabab'],
      ['export.bloom', 'RSBF'],
    ] as const) {
      const first = await app(['blocked-keys']).request(`${base}/${file}`);
      const etag = first.headers.get('etag') ?? '';
      expect(await first.text()).toMatch(new RegExp(`^${starts}`));
      const again = () => app(['blocked-keys']).request(`${base}/${file}`, { headers: { 'if-none-match': etag } });
      expect((await again()).status).toBe(304);
      state += 1;
      expect((await again()).status).toBe(200);
    }
  });

  it('are for those with the scope, and for whoever may read the desk', async () => {
    expect((await app(['read']).request(`${base}/export.csv`)).status).toBe(200);
    for (const who of [app(null), app(['reports'])]) {
      for (const file of ['export.csv', 'export.bloom'])
        expect((await who.request(`${base}/${file}`)).status).toBeGreaterThanOrEqual(401);
      expect((await ask({ spkiSha256: [other] }, who)).status).toBeGreaterThanOrEqual(401);
    }
  });
});
