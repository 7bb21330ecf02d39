/** What people outside see and send. Says "revoked" only for what probes have seen. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort } from '../../api/port.ts';
import * as act from '../../app/act.ts';
import { loadCase } from '../../app/change-case.ts';
import { type Case, type Matter, stageOf } from '../../desk/case.ts';
import { preliminaryLimit } from '../../desk/plan.ts';
import { isRefusal } from '../../desk/refusal.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import { decodeCertId } from '../../stages/renewal-info/index.ts';
import type { Desk } from '../wiring.ts';
import type { Links } from './links.ts';

type Public = Pick<
  DeskPort,
  'receiveReport' | 'reporterStatus' | 'subscriberStatus' | 'answerAsSubscriber' | 'renewalExplanation'
>;

const shownMax = 200;

export function deskPublic(desk: Desk, links: Links, contact: string): Public {
  const now = (): string => rfc3339(desk.time.now());

  const subscriberPage = async (
    token: string,
  ): Promise<{ status: c.SubscriberStatus; current: Case; matter: Matter; subscriber: string } | null> => {
    const target = links.read(token);
    if (target?.kind !== 's') return null;
    const current = await loadCase(desk.parts.cases, target.caseId as CaseId);
    if (current === null) return null;
    for (const matter of current.matters) {
      if (matter.closed !== null) continue;
      const own = (await desk.parts.sets.bySubscriber(matter.set.setId)).get(target.of);
      if (own === undefined) continue;
      const facts = await desk.bulk.byFingerprints(own.slice(0, shownMax));
      const probes = new Set(
        (await desk.readings.probes(own)).filter((p) => p.crl === 'revoked').map((p) => p.fingerprint),
      );
      const status: c.SubscriberStatus = {
        now: now(),
        subscriber: target.of,
        matterId: matter.matterId,
        because: whyOf(matter),
        rule: { ...matter.rule },
        reason: matter.reason,
        startAt: rfc3339(matter.startAt),
        revokeAt: rfc3339(desk.parts.policy.cutOffAt(matter)),
        dueAt: moment(matter.dueAt),
        total: own.length,
        published: own.filter((f) => probes.has(f)).length,
        replaced: await replacedAmong(desk, matter.set.setId, target.of),
        certificates: facts.map((f) => ({
          serial: f.serial,
          name: f.names[0] ?? '',
          notAfter: rfc3339(f.notAfter),
          revoked: probes.has(f.fingerprint),
        })),
        answers: await answersOf(desk, current.caseId, matter.matterId, target.of),
        contact,
      };
      return { status, current, matter, subscriber: target.of };
    }
    return null;
  };

  return {
    async receiveReport({ channel, raw, remoteAddress }) {
      const received = await desk.receive(raw, {
        channel,
        source: channel === 'api' ? 'report-api' : 'report-form',
        sourceKey: null,
        sightedAs: null,
        folder: null,
        mailbox: contact,
        envelopeFrom: null,
        envelopeTo: [contact],
        markSource: 'web-form',
        detail: `Sent by the ${channel === 'api' ? 'report API' : 'report form'} from ${remoteAddress ?? 'an unknown address'}`,
      });
      desk.wake.nudge();
      return {
        receiptId: received.receiptId,
        receivedAt: rfc3339(received.acceptedAt),
        contentSha256: received.sha256,
        caseId: null,
        statusUrl: `/status/${links.token({ kind: 'r', caseId: `case-${received.receiptId}`, of: received.receiptId })}`,
      };
    },
    async reporterStatus(token) {
      const target = links.read(token);
      if (target?.kind !== 'r') return null;
      const receipt = await desk.ledger.get(target.of as never);
      if (receipt === null) return null;
      const caseId = await desk.readings.caseOf([target.of]);
      const current = caseId === null ? null : await loadCase(desk.parts.cases, caseId);
      const report = current?.reports.find((r) => r.reportId === target.of) ?? null;
      const matters = (current?.matters ?? []).filter((m) => m.closed === null);
      const dues = matters.flatMap((m) => m.dueAt ?? []).sort(Temporal.Instant.compare);
      const done = matters.flatMap((m) => m.publishedAt ?? []).sort(Temporal.Instant.compare);
      const reading = await desk.readings.get(target.of);
      return {
        now: now(),
        receiptId: target.of,
        receivedAt: rfc3339(report?.startAt ?? receipt.acceptedAt),
        state: stateOf(current, report !== null, reading !== null, receipt.state),
        findingsDueAt: report === null ? null : rfc3339(report.startAt.add(preliminaryLimit)),
        preliminaryAt: moment(report?.preliminaryAt ?? null),
        items: (report?.evidence ?? []).map((e) => ({ source: e.source, verdict: e.verdict, because: e.because })),
        certificates: {
          total: matters.reduce((n, m) => n + m.set.count, 0),
          published: matters.reduce((n, m) => n + m.published, 0),
        },
        dueAt: moment(dues[0] ?? null),
        publishedAt: matters.length > 0 && done.length === matters.length ? moment(done.at(-1) ?? null) : null,
        contact,
      };
    },
    async subscriberStatus(token) {
      return (await subscriberPage(token))?.status ?? null;
    },
    async answerAsSubscriber(token, answer, text) {
      const page = await subscriberPage(token);
      if (page === null) return null;
      const by = { people: [`subscriber:${page.subscriber}`], because: text.slice(0, 2_000) };
      const result = await act.recordAnswer(
        desk.parts,
        page.current.caseId,
        page.matter.matterId,
        page.subscriber,
        answer,
        by,
      );
      if (isRefusal(result)) return result;
      desk.wake.nudge();
      return (await subscriberPage(token))?.status ?? null;
    },
    async renewalExplanation(certificateId) {
      const id = decodeCertId(certificateId);
      if (id === null) return null;
      const { matches } = await desk.inventory.find({ by: 'cert-id', ...id });
      const [match] = matches;
      if (match === undefined) return null;
      const [place] = await desk.parts.sets.places([match.certificate.fingerprint]);
      const current = place === undefined ? null : await loadCase(desk.parts.cases, place.caseId);
      const matter = current?.matters.find((m) => m.set.setId === place?.setId && m.closed === null);
      const told = desk.renewal.explain(certificateId);
      return {
        now: now(),
        certificateId,
        serial: match.certificate.serial,
        because:
          matter === undefined
            ? 'Nothing is known against this certificate.'
            : `${matter.rule.document} ${matter.rule.section}: ${whyOf(matter)}`,
        windowEndAt: moment(told?.advice == null ? null : told.window.end),
        revokeAt: matter === undefined ? null : rfc3339(desk.parts.policy.cutOffAt(matter)),
        revoked: match.certificate.status === 'revoked',
      };
    },
  };
}

/** To somebody who has never heard of the rules: what happened, and how we know. */
function whyOf({ label, basis }: Matter): string {
  if (basis === 'proof' && label === 'key-compromise')
    return 'Somebody else has the private key of these certificates. We have proven it.';
  if (basis === 'subscriber') return 'You asked for it.';
  return reasons[label];
}

const reasons: Readonly<Record<Matter['label'], string>> = {
  'key-compromise': 'Somebody else may have the private key of these certificates.',
  'weak-key': 'The key of these certificates is so weak that its private part can be computed.',
  misissuance: 'These certificates were not issued as the rules require.',
  'domain-control': 'Who holds these certificates does not control the names in them, or no longer does.',
  misuse: 'These certificates are used to deceive or to harm.',
  'subscriber-request': 'Their holder asked for it.',
  'wrong-information': 'What these certificates say is wrong, or no longer right.',
  'ca-noncompliance': 'We did not follow the rules when we issued these certificates.',
  'other-problem': 'A problem with these certificates was reported and found to be one.',
  'not-a-report': 'A problem with these certificates was reported and found to be one.',
};

/** Certificates of this subscriber for which a newer one was seen (`replacements.ts`). */
async function replacedAmong(desk: Desk, setId: string, subscriber: string): Promise<number> {
  const { rows } = await desk.pool.query<{ replaced: string }>(
    'select count(*) as replaced from store.affected_certificate where set_id = $1 and subscriber = $2 and priority < 0',
    [setId, subscriber],
  );
  return Number(rows[0]?.replaced ?? 0);
}

/** What this subscriber has answered about this matter so far, by page, mail or telephone. */
async function answersOf(
  desk: Desk,
  caseId: CaseId,
  matterId: string,
  subscriber: string,
): Promise<c.SubscriberStatus['answers']> {
  const events = await desk.parts.cases.load(caseId);
  return events.flatMap((e) =>
    e.type === 'SubscriberAnswered' && e.matterId === matterId && e.subscriber === subscriber
      ? [{ at: rfc3339(e.at), answer: e.answer }]
      : [],
  );
}

function stateOf(current: Case | null, known: boolean, read: boolean, receipt: string): c.ReporterStatus['state'] {
  if (current === null || !known) return read ? 'not-a-report' : receipt === 'new' ? 'received' : 'being-read';
  const stage = stageOf(current);
  if (stage === 'review') return 'being-read';
  if (stage === 'dismissed') return 'not-a-report';
  return stage === 'closed' ? 'concluded' : 'accepted';
}

function moment(instant: Instant | null): string | null {
  return instant === null ? null : rfc3339(instant);
}
