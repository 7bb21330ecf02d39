/** How long a reported key stays public: the looks at an address after the first one. */
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { anItem, aPolicy, apply, aReceive, aTriage, decided, received } from '../../../test/support/desk-builders.ts';
import type { Case } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { plan } from '../../desk/plan.ts';
import { hours, type Instant } from '../../foundation/time/time.ts';
import type { Fetched } from '../ports.ts';
import { lookForEvidence } from './look-for-evidence.ts';

const url = 'https://paste.example/key';
const page = (text: string): Fetched => {
  const bytes = Buffer.from(text);
  const where = { finalUrl: `${url}/raw`, addresses: ['192.0.2.1'], status: 200, tlsLeafSha256: null };
  return { ok: true, bytes, capture: { ...where, sha256: hash('sha256', bytes, 'hex') } };
};
const gone: Fetched = { ok: false, problem: 'http_status', status: 404 };

const artifacts = { ...aTriage().artifacts, urls: [url] };
const awaited = () =>
  decided(null, aReceive({ triage: aTriage({ artifacts }), evidence: [], matters: [], awaiting: 'an address' }));

/** One look at what the address answers now; the room finds a key in whatever says so. */
async function look(current: Case, now: Instant, answer: Fetched): Promise<Case> {
  let after = current;
  const item = anItem({ source: url, verdict: 'proven-key', matches: [] });
  const evidence = answer.ok && Buffer.from(answer.bytes).includes('KEY') ? [item] : [];
  const parts = {
    fetcher: { fetch: async () => answer },
    room: { read: async () => ({ evidence }) },
    finder: { byKeys: async () => [], byFingerprints: async () => [], bytesOf: async () => new Map() },
    policy: { chooseRule: () => ({ rule: null }) },
    sets: { places: async () => [] },
    cases: {},
    blocked: { block: async () => {} },
  };
  const append = async (...events: readonly Event[]) => {
    after = apply(after, events);
    return after;
  };
  const ground = { case: current, now, append };
  await lookForEvidence(parts as never, ground, current.reports[0] as Case['reports'][number]);
  return after;
}

const nextLook = (current: Case, now: Instant) =>
  plan(current, aPolicy, now).wakeAt === null ? null : (current.reports[0]?.lookAgainAt ?? null);

test('an address that proved a key is looked at again until a week has passed, and what it answers is kept', async () => {
  let after = await look(awaited(), received, page('KEY'));
  expect(after.reports[0]).toMatchObject({ looks: 1, awaiting: null, evidence: [{ verdict: 'proven-key' }] });
  expect(after.reports[0]?.captures).toEqual([
    {
      ...{ url, outcome: 'fetched', finalUrl: `${url}/raw`, addresses: ['192.0.2.1'], status: 200, length: 3 },
      ...{ sha256: hash('sha256', 'KEY', 'hex'), tlsLeafSha256: null },
    },
  ]);
  const times: (string | null)[] = [];
  for (const answer of [page('KEY'), page('KEY, moved'), gone, gone]) {
    const at = after.reports[0]?.lookAgainAt as Instant;
    times.push(at.since(received).total('hours').toString());
    after = await look(after, at, answer);
  }
  expect(times).toEqual(['1', '6', '24', '168']);
  expect(after.reports[0]).toMatchObject({
    ...{ looks: 5, lookAgainAt: null, awaiting: null },
    // A later absence never weakens a verdict.
    evidence: [{ verdict: 'proven-key' }],
    captures: [{ outcome: 'http_status', status: 404, sha256: null }],
  });
});

test('the plan asks for the next look when its time has come, proven or not, and not before', async () => {
  for (const answer of [page('KEY'), gone]) {
    const after = await look(awaited(), received, answer);
    const due = received.add(hours(1));
    expect(nextLook(after, received)).toEqual(due);
    const asks = (now: Instant) => plan(after, aPolicy, now).actions.some((a) => a.do === 'look-for-evidence');
    expect([asks(received), asks(due)]).toEqual([false, true]);
  }
});

test('says in words whether it is still there', async () => {
  const words: string[] = [];
  let current = awaited();
  for (const answer of [page('nothing'), page('nothing'), page('other'), gone]) {
    const events: Event[] = [];
    const parts = {
      fetcher: { fetch: async () => answer },
      room: { read: async () => ({ evidence: [] }) },
    };
    const append = async (...more: readonly Event[]) => {
      events.push(...more);
      current = apply(current, more);
      return current;
    };
    await lookForEvidence(
      parts as never,
      { case: current, now: received, append },
      current.reports[0] as Case['reports'][number],
    );
    words.push(...events.flatMap((e) => (e.type === 'EvidenceLooked' ? [e.seen.replace(`${url}: `, '')] : [])));
  }
  expect(words).toEqual([
    'nothing new',
    'still there, unchanged',
    'still there, changed; nothing new',
    'no longer there (HTTP 404)',
  ]);
});
