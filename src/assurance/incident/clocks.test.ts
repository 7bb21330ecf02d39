import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { type IncidentState, incidentClocks } from './clocks.ts';

const aware = at('2026-09-02T04:10:00Z');
const disclosed = aware.add({ hours: 24 });
const state = (more: Partial<IncidentState> = {}): IncidentState => ({
  awareAt: aware,
  disclosedAt: null,
  fullReportAt: null,
  lastUpdateAt: null,
  nextUpdateAt: null,
  openComments: [],
  actionChanges: [],
  revocationDelay: false,
  closureRequestedAt: null,
  closedAt: null,
  ...more,
});
const owed = (more: Partial<IncidentState>) => incidentClocks(state(more)).map((c) => [c.duty, c.dueAt.toString()]);

describe('what the public is owed', () => {
  it('begins with 72 hours from awareness', () => {
    expect(owed({})).toEqual([['IR_INITIAL', '2026-09-05T04:10:00Z']]);
  });

  it('is the full report 14 days after the first post, with updates every seven days', () => {
    expect(owed({ disclosedAt: disclosed })).toEqual([
      ['IR_UPDATE', '2026-09-10T04:10:00Z'],
      ['IR_FULL', '2026-09-17T04:10:00Z'],
    ]);
  });

  it('is an update by the agreed date when one was agreed', () => {
    const nextUpdateAt = at('2026-10-01T00:00:00Z');
    expect(owed({ disclosedAt: disclosed, fullReportAt: disclosed, nextUpdateAt })).toEqual([
      ['IR_UPDATE', '2026-10-01T00:00:00Z'],
    ]);
    const passed = { disclosedAt: disclosed, fullReportAt: disclosed, nextUpdateAt, lastUpdateAt: nextUpdateAt };
    expect(owed(passed)).toEqual([['IR_UPDATE', '2026-10-08T00:00:00Z']]);
  });

  it('is figures every three days, seven at most, while a revocation is delayed, whatever date was agreed', () => {
    const [clock] = incidentClocks(
      state({
        disclosedAt: disclosed,
        fullReportAt: disclosed,
        revocationDelay: true,
        nextUpdateAt: at('2026-12-01T00:00:00Z'),
      }),
    );
    expect(clock?.duty).toBe('IR_DELAY_UPDATE');
    expect(clock?.softDueAt?.toString()).toBe('2026-09-06T04:10:00Z');
    expect(clock?.dueAt.toString()).toBe('2026-09-10T04:10:00Z');
  });

  it('is an answer to every comment, also after closure was asked for, and word of changed actions in three days', () => {
    const comment = at('2026-09-20T00:00:00Z');
    const done = { disclosedAt: disclosed, fullReportAt: disclosed };
    expect(owed({ ...done, closureRequestedAt: comment, openComments: [comment] })).toEqual([
      ['IR_COMMENT', '2026-09-27T00:00:00Z'],
    ]);
    expect(owed({ ...done, actionChanges: [at('2026-09-04T00:00:00Z'), disclosed] })[0]).toEqual([
      'IR_ACTION_CHANGE',
      '2026-09-07T00:00:00Z',
    ]);
  });

  it('is nothing once it is closed', () => {
    expect(owed({ closedAt: disclosed })).toEqual([]);
  });
});
