/**
 * The public timeline of a case, told from its events. People appear as roles: no reporter, subscriber or member of
 * staff is named, and no text that anybody typed is repeated. Many events of one kind become one entry with a sum.
 */
import type { Event } from '../../desk/events.ts';
import { type Instant, isBefore } from '../../foundation/time/time.ts';
import { absolute, between } from './draft-words.ts';
import type { TimelineEntry, TimelineKind } from './facts.ts';

export function caseTimeline(events: readonly Event[]): readonly TimelineEntry[] {
  const told = summed(events).flatMap((event) => tell(event) ?? []);
  return told.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at));
}

type Summed = Event & { readonly times?: number };

/** One entry for what repeats: all publications of a matter (at the last), all failures (at the first). */
function summed(events: readonly Event[]): readonly Summed[] {
  const kept = new Map<string, Summed>();
  const out: Summed[] = [];
  for (const event of events) {
    const key = 'matterId' in event ? `${event.type} ${event.matterId}` : event.type;
    const before = kept.get(key);
    if (event.type === 'RevocationPublished') {
      const sum = before?.type === 'RevocationPublished' ? before.count : 0;
      kept.set(key, { ...event, count: sum + event.count });
    } else if (event.type === 'RevocationFailed' || event.type === 'AlarmRaised') {
      kept.set(key, before === undefined ? { ...event, times: 1 } : { ...before, times: (before.times ?? 1) + 1 });
    } else if (event.type === 'SubscriberContacted') {
      kept.set(`${key} ${event.step}`, event);
    } else {
      out.push(event);
    }
  }
  return [...out, ...kept.values()];
}

function tell(event: Summed): TimelineEntry | null {
  const entry = (kind: TimelineKind, text: string, at: Instant = event.at): TimelineEntry => ({ at, kind, text });
  switch (event.type) {
    case 'ReportReceived':
    case 'ReportJoined': {
      const trusted = event.report.marks.filter((mark) => mark.trusted).map((mark) => mark.at);
      const at = trusted.reduce((a, b) => (isBefore(b, a) ? b : a), trusted[0] ?? event.at);
      const which =
        event.type === 'ReportReceived' ? 'The certificate problem report' : 'A further report on the matter';
      return entry('received', `${which} was received by ${channelWords(event.report.channel)}.`, at);
    }
    case 'CaseRouted':
      return entry('aware', `The report was recognised and routed to ${event.team}.`);
    case 'HandOffTaken':
      return entry('other', `A person of ${event.team} took the case.`);
    case 'ReporterAcknowledged':
      return entry('other', 'Receipt was acknowledged to the sender of the report.');
    case 'EvidenceVerified':
      return entry('other', `Evidence was verified: ${event.item.verdict}.`);
    case 'EvidenceRejected':
      return entry('other', `Evidence was tested and did not hold: ${event.item.verdict}.`);
    case 'CertificatesIdentified': {
      const { set, rule, dueAt } = event.matter;
      const limit = dueAt === null ? 'no limit to revoke applies' : `the limit is ${absolute(dueAt)}`;
      return entry(
        'scope',
        `${certificates(set.count)} identified as affected; ${rule.document} ${rule.version}, section ${rule.section}: ${limit}.`,
      );
    }
    case 'KeyBlocked':
      return entry('other', `${event.keys.length} key(s) blocked from further issuance.`);
    case 'SubscriberContacted':
      return entry('other', `Subscribers were contacted (${event.step}): ${event.sent} sent, ${event.failed} failed.`);
    case 'PreliminaryReportSent':
      return event.to === 'reporter'
        ? entry('preliminary-to-reporter', 'The preliminary report was given to the reporter.')
        : entry(
            'preliminary-to-subscriber',
            `The preliminary report was given to the affected subscriber(s): ${event.sent} sent, ${event.failed} failed.`,
          );
    case 'HoldPlaced':
      return entry(
        'other',
        `A hold was recorded on ${certificates(event.count)} until ${absolute(event.untilAt)}; it moves no limit.`,
      );
    case 'HoldReleased':
      return entry('other', `The hold on ${certificates(event.count)} ended.`);
    case 'RevocationAuthorized':
      return entry(
        'revocation-expected',
        'Revocation was authorised; completion of the revocation is expected from here on.',
      );
    case 'RevocationFailed':
      return entry('other', `The CA systems did not carry out revocation orders (${event.times ?? 1} time(s)).`);
    case 'RevocationPublished':
      return entry(
        'revocation-completed',
        `${certificates(event.count)} seen revoked from outside (CRL, and OCSP where named): revocation published.`,
      );
    case 'AlarmRaised':
      return entry(
        'other',
        `An alarm was raised about ${event.component}${(event.times ?? 1) > 1 ? ` (${event.times} times)` : ''}.`,
      );
    case 'DeadlineMissed': {
      const what =
        event.clock === 'revocation'
          ? `relying parties still saw ${certificates(event.missing)} as good`
          : 'the preliminary report had not been given';
      return entry('began', `The limit passed: ${what}.`, event.dueAt);
    }
    case 'IncidentOpened':
      return entry('aware', 'The CA opened this incident.');
    case 'CaseClosed':
      return entry('ended', 'The case was closed.');
    default:
      // Working steps without meaning to the public: triage scores, pages, notes, looks, approvals.
      return null;
  }
}

/** Gaps that a reader will ask about, in words with figures. Proposals: people say whether and why. */
export function gapsOf(
  events: readonly Event[],
): readonly { readonly title: string; readonly description: string; readonly timeline: string }[] {
  const first = (type: Event['type']) => events.find((e) => e.type === type)?.at ?? null;
  const last = (type: Event['type']) => events.findLast((e) => e.type === type)?.at ?? null;
  const received = caseTimeline(events.slice(0, 1))[0]?.at ?? null;
  const spans: readonly [string, Instant | null, Instant | null, number][] = [
    ['The report was not recognised at once', received, first('CaseRouted'), 15],
    ['Nobody took the case', first('CaseRouted'), first('HandOffTaken'), 60],
    ['Evidence waited to be verified', first('CaseRouted'), first('EvidenceVerified'), 60],
    ['The subscriber was told late', first('CertificatesIdentified'), first('SubscriberContacted'), 60],
    ['Revocation waited for authority', first('CertificatesIdentified'), first('RevocationAuthorized'), 8 * 60],
    ['Revocation was accepted but not visible', first('RevocationAccepted'), last('RevocationPublished'), 120],
  ];
  const slow = spans.flatMap(([title, from, to, minutesMax]) => {
    if (from === null || to === null || from.until(to).total('minutes') <= minutesMax) return [];
    return [
      {
        title,
        description: `${title}: it took ${between(from, to)}.`,
        timeline: `From ${absolute(from)} to ${absolute(to)}.`,
      },
    ];
  });
  const failures = events.filter((e) => e.type === 'RevocationFailed');
  const [begin, end] = [failures[0]?.at, failures.at(-1)?.at];
  if (begin === undefined || end === undefined) return slow;
  const title = 'Revocation orders were not carried out';
  return [
    ...slow,
    {
      title,
      description: `${title}: ${failures.length} time(s).`,
      timeline: `From ${absolute(begin)} to ${absolute(end)}.`,
    },
  ];
}

function certificates(count: number): string {
  return count === 1 ? '1 certificate' : `${count} certificates`;
}

/** A channel in words; one we have no word for is its own name, which is ours and not a stranger's. */
function channelWords(channel: string): string {
  const known: Record<string, string> = {
    smtp: 'e-mail',
    email: 'e-mail',
    imap: 'e-mail',
    form: 'the web form',
    'web-form': 'the web form',
    api: 'the report API',
    phone: 'telephone',
    letter: 'letter',
    ticket: 'a ticket of another team',
    acme: 'an ACME revocation request',
    'public-tracker': 'a public tracker',
  };
  return known[channel] ?? 'another channel';
}
