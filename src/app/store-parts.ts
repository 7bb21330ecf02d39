/** The platform's store in the words of the operations: events typed, sets by what happens to them. */

import { type Case, stageOf } from '../desk/case.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import type { Json } from '../foundation/log/canonical.ts';
import type { Affected } from '../platform/store/affected.ts';
import type { Member, CertificateSets as StoredSets } from '../platform/store/certificate-sets.ts';
import type { Store } from '../platform/store/store.ts';
import { eventFromJson, eventToJson } from './event-json.ts';
import { nearestDue } from './perform/perform.ts';
import type { AffectedCertificate, AffectedState, CaseFile, CertificateSets } from './ports.ts';

/** Members per statement. */
const chunk = 5_000;

export function caseFile(store: Pick<Store, 'cases'>): CaseFile {
  return {
    async load(caseId) {
      const stored = await store.cases.load(caseId);
      return stored.map((e) =>
        eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
      );
    },
    async append(caseId, expectedSeq, events, after, wakeAt) {
      const stage = stageOf(after);
      await store.cases.append(
        caseId,
        expectedSeq,
        events.map((event) => {
          const { type, at, by, ...data } = eventToJson(event);
          return {
            type: type as string,
            at: Temporal.Instant.from(at as string),
            by: by as string,
            data: data as Json,
          };
        }),
        {
          wakeAt,
          open: stage !== 'closed' && stage !== 'dismissed' ? true : wakeAt !== null,
          summary: { dueAt: dueOf(after), data: summaryOf(after) },
        },
      );
    },
  };
}

/** The earliest limit that is still open, the answer to the reporter included. */
function dueOf(current: Case): Temporal.Instant | null {
  return nearestDue(current);
}

function summaryOf(current: Case): Json {
  const first = current.reports[0];
  return {
    stage: stageOf(current),
    label: first?.label ?? null,
    subject: first?.subject ?? '',
    team: current.team,
    receivedAt: first?.startAt.toString() ?? null,
  };
}

export function certificateSets(store: Pick<Store, 'certificates'>, affected: Affected): CertificateSets {
  const sets: StoredSets = store.certificates;
  const change = async (
    setId: string,
    fingerprints: readonly Fingerprint[],
    rest: Omit<Parameters<StoredSets['change']>[0], 'setId' | 'which'>,
  ): Promise<number> => {
    let moved = 0;
    for (let i = 0; i < fingerprints.length; i += chunk) {
      moved += await sets.change({ setId, which: { fingerprints: fingerprints.slice(i, i + chunk) }, ...rest });
    }
    return moved;
  };
  const inState = async (setId: string, state: AffectedState, limit: number): Promise<AffectedCertificate[]> => {
    const found: AffectedCertificate[] = [];
    for (let after: Fingerprint | undefined; found.length < limit; ) {
      const rows = await sets.page(setId, {
        limit: Math.min(chunk, limit - found.length),
        states: [storedState(state)],
        ...(after === undefined ? {} : { after }),
      });
      found.push(...rows.map(affectedOf));
      after = rows.at(-1)?.fingerprint;
      if (after === undefined || rows.length === 0) break;
    }
    return found;
  };
  return {
    async create(setId, caseId, certificates) {
      for (let i = 0; i < certificates.length; i += chunk) {
        const members = certificates.slice(i, i + chunk).map((c) => ({
          fingerprint: c.fingerprint,
          serial: c.serial,
          issuerHash: c.issuerHash,
          subscriber: c.subscriber,
        }));
        await sets.add({ setId, caseId }, members);
      }
    },
    revocable: async (setId, now, limit) => (await sets.nextRevocable(setId, now, limit)).map(affectedOf),
    inState,
    mark: (setId, fingerprints, state, now, problem) =>
      change(setId, fingerprints, {
        to: storedState(state),
        now,
        ...(problem === undefined ? (state === 'expired' ? { outcome: 'expired' } : {}) : { outcome: problem }),
      }),
    async schedule(setId, fingerprints, notBefore) {
      let moved = 0;
      for (let i = 0; i < fingerprints.length; i += chunk)
        moved += await sets.amend(setId, fingerprints.slice(i, i + chunk), { notBefore });
      return moved;
    },
    hold: (setId, fingerprints, holdId, now) => change(setId, fingerprints, { to: 'held', holdId, now }),
    release: (setId, holdId, now) => sets.change({ setId, which: { holdId }, to: 'identified', now }),
    async page(setId, after, limit) {
      const rows = await sets.page(setId, { limit, ...(after === null ? {} : { after: after as Fingerprint }) });
      return rows.map(affectedOf);
    },
    bySubscriber: (setId) => affected.bySubscriber(setId),
    places: (fingerprints) => affected.places(fingerprints),
  };
}

/** A certificate that has run past its own notAfter needs no revocation any more; the store keeps it as failed, with why. */
function storedState(state: AffectedState): Member['state'] {
  return state === 'expired' ? 'failed' : state;
}

function affectedOf(row: Member): AffectedCertificate {
  const { fingerprint, serial, issuerHash, subscriber, notBefore, holdId, acceptedAt, publishedAt, outcome } = row;
  const state: AffectedState = row.state === 'failed' ? 'expired' : row.state;
  return {
    fingerprint,
    serial,
    issuerHash,
    subscriber,
    state,
    notBefore,
    holdId,
    acceptedAt,
    publishedAt,
    problem: outcome,
  };
}
