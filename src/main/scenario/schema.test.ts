import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readScenario } from './schema.ts';

const folder = join(import.meta.dirname, '../../../test/replays');
const leaf = {
  ref: 'C1',
  build: 'leaf',
  names: ['a.example'],
  serial: '4a10c3',
  subscriber: 'SUB-1',
  key: 'K1',
  issuedAt: '2026-01-02T00:00:00Z',
  notAfter: '2026-06-02T00:00:00Z',
  profile: 'dv',
};
const mail = {
  seq: 1,
  at: '2026-03-07T20:00:00Z',
  channel: 'email',
  feed: true,
  text: 'Subject: a key\n\nThis key fits.',
  data: { from: 'a@keywatch.example', to: ['sales@ca.example'] },
};
const file = (more: object = {}): object => ({
  schema: 'revocation-desk/scenario@2',
  id: 'example',
  fixtures: [leaf],
  events: [mail],
  ...more,
});
const problem = (json: unknown): string => {
  const read = readScenario(json);
  return read.ok ? 'read' : read.problem;
};

describe('the scenario file', () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith('.json')))(
    '%s is of the schema, under its own name',
    (name) => {
      const read = readScenario(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      expect(read).toMatchObject({ ok: true, scenario: { id: name.replace(/\.json$/, '') } });
    },
  );

  it('names what it does not know, and never skips it', () => {
    expect(problem(file({ fixtures: [{ ...leaf, build: 'leef' }] }))).toContain('leef');
    expect(problem(file({ fixtures: [{ ...leaf, colour: 'red' }] }))).toContain('fixtures.0');
    expect(problem(file({ events: [{ ...mail, channel: 'telepathy' }] }))).toContain('telepathy');
    expect(problem(file({ events: [{ ...mail, data: { ...mail.data, mood: 'bad' } }] }))).toContain('data');
    const fault = { component: 'coffee', mode: 'silent' };
    expect(problem(file({ events: [{ ...mail, channel: 'ca-system', data: { fault } }] }))).toContain('fault');
    expect(problem(file({ schema: 'revocation-desk/scenario@1' }))).toContain('schema');
  });

  it('refuses times with a zone, because an unlabelled hour makes a wrong deadline', () => {
    expect(problem(file({ events: [{ ...mail, at: '2026-03-07T20:00:00+05:30' }] }))).toContain('UTC');
  });

  it('reads no history: what was never fed is not in the scenario, whatever it contains', () => {
    const history = { ...mail, seq: 2, feed: false, channel: 'unknown to us', data: { anything: 1 } };
    const read = readScenario(file({ events: [history, mail] }));
    expect(read).toMatchObject({ ok: true, scenario: { events: [{ seq: 1 }] } });
  });

  it('orders events by time and then by number, however they stand in the file', () => {
    const at = (seq: number, when: string): object => ({ ...mail, seq, at: when });
    const events = [at(9, '2026-03-08T00:00:00Z'), at(7, '2026-03-07T00:00:00Z'), at(3, '2026-03-08T00:00:00Z')];
    const read = readScenario(file({ events }));
    expect(read.ok && read.scenario.events.map((e) => e.seq)).toEqual([7, 3, 9]);
  });

  it('keeps the expectation apart from what the replay may see', () => {
    const read = readScenario(file({ expected: { revokeRefs: ['C1'] }, actual: { revokedAt: 'x' }, facts: {} }));
    expect(read.ok && Object.keys(read.scenario).sort()).toEqual(['events', 'expected', 'fixtures', 'id']);
  });
});
