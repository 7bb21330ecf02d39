/** Peace-time questions of the desk: on call, channels, and who could not be reached tonight. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort } from '../../api/port.ts';
import { hours, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import {
  type ContactAttempt,
  type ContactHealth,
  contactHealth,
  type Reachable,
  unready,
} from '../../stages/outreach/on-call/readiness.ts';
import { gaps, onCallAt, shifts } from '../../stages/outreach/on-call/rota.ts';
import { rotaOf } from '../on-call.ts';
import type { Desk } from '../wiring.ts';
import { testedPaths } from './tested-paths.ts';

const lookAhead = hours(7 * 24);
/** A contact is proven for a year; what is older says nothing about tonight. */
const lookBack = hours(400 * 24);
/** Subscribers looked at; a CA with more looks at those with live cases first. */
const subscribersMax = 20_000;

export function deskReadiness(
  desk: Pick<Desk, 'pool' | 'time' | 'config' | 'canaries' | 'contacts'>,
): Pick<DeskPort, 'readiness' | 'unreachable'> {
  const subscribers = async (now: Instant) => {
    const { rows } = await desk.pool.query<{
      subscriber: string;
      name: string;
      addresses: string[];
      phone: string | null;
    }>('select subscriber, name, addresses, phone from outreach.contact order by subscriber limit $1', [
      subscribersMax,
    ]);
    const names = new Map(rows.map((row) => [row.subscriber, row.name]));
    const people: Reachable[] = rows.map(({ subscriber, addresses, phone }) => ({
      who: subscriber,
      contacts: [
        ...addresses.map((to) => ({ channel: 'email', to }) as const),
        ...(phone === null ? [] : [{ channel: 'phone', to: phone } as const]),
      ],
    }));
    return {
      total: rows.length,
      names,
      unready: unready(people, await attempts(desk, 'subscriber', people, now), now),
    };
  };

  return {
    async readiness() {
      const now = desk.time.now();
      const until = now.add(lookAhead);
      const { onCall } = desk.config;
      const rota = onCall === null ? null : rotaOf(onCall);
      const open = rota === null ? [] : gaps(rota, now, until);
      const channels = (await testedPaths(desk, now)).map(({ address, state, problem, canary }) => ({
        ...{ address, problem, testedAt: canary.sentAt, seenAt: canary.seenAt },
        state: state === 'late' ? ('failing' as const) : state,
      }));
      const reach = await subscribers(now);
      const of = (problem: string) => reach.unready.filter((one) => one.problem === problem).length;
      const paged = Object.entries(onCall?.contacts ?? {});
      const tried = await attempts(
        desk,
        'staff',
        paged.map(([who, contacts]) => ({ who, contacts })),
        now,
      );
      const problems = [
        ...(rota === null && desk.config.pager.webhookUrl === null && desk.config.pager.mailTo.length === 0
          ? ['Nobody is on call: set onCall or pager in the configuration.']
          : []),
        ...open
          .filter((gap) => gap.level === 0)
          .map((gap) => `Nobody is on call from ${rfc3339(gap.from)} to ${rfc3339(gap.until)}.`),
        ...channels
          .filter((ch) => ch.state === 'failing')
          .map((ch) => `${ch.address}: ${ch.problem ?? 'no test report came.'}`),
        ...(desk.config.canaries.length === 0 ? ['No published address gets test reports: set canaries.'] : []),
        ...(of('nobody-home') > 0 ? [`${of('nobody-home')} subscribers have no contact that works.`] : []),
      ];
      return {
        now: rfc3339(now),
        until: rfc3339(until),
        ready: problems.length === 0,
        problems,
        onCall: {
          configured: rota !== null,
          now: rota === null ? [] : onCallAt(rota, now).map((o) => ({ ...o })),
          shifts:
            rota === null
              ? []
              : shifts(rota, now, until).map(({ from, until, ...s }) => ({
                  ...s,
                  from: rfc3339(from),
                  until: rfc3339(until),
                })),
          gaps: open.map((gap) => ({ level: gap.level, from: rfc3339(gap.from), until: rfc3339(gap.until) })),
          people: paged.map(([person, contacts]) => ({
            person,
            contacts: contacts.map(({ channel, to }) =>
              stateOf(
                channel,
                to,
                contactHealth(
                  tried.filter((a) => a.channel === channel && a.to === to),
                  now,
                ),
              ),
            ),
          })),
        },
        channels,
        contacts: {
          subscribers: reach.total,
          unreachable: of('nobody-home'),
          oneWay: of('one-way'),
          unverified: of('reverify'),
        },
      };
    },
    async unreachable(query) {
      const now = desk.time.now();
      const { names, unready: found } = await subscribers(now);
      const wanted = found.filter(
        ({ who }) => query.q === undefined || `${who} ${names.get(who)}`.toLowerCase().includes(query.q.toLowerCase()),
      );
      const from = Number(query.cursor ?? 0) || 0;
      const shown = wanted.slice(from, from + query.limit);
      const cases = await openCasesOf(
        desk,
        shown.map((one) => one.who),
      );
      return {
        now: rfc3339(now),
        next: wanted.length > from + query.limit ? String(from + query.limit) : null,
        total: wanted.length,
        rows: shown.map(({ who, problem, contacts }) => ({
          ...{ subscriber: who, name: names.get(who) ?? who, problem, caseIds: cases.get(who) ?? [] },
          contacts: contacts.map(({ channel, to, health }) => stateOf(channel, to, health)),
        })),
      };
    },
  };
}

function stateOf(
  channel: ContactAttempt['channel'],
  to: string,
  health: ContactHealth,
): c.Readiness['onCall']['people'][number]['contacts'][number] {
  const at = health.state === 'failed' ? health.since : health.state === 'unproven' ? null : health.provenAt;
  return { channel, to, state: health.state, at: at === null ? null : rfc3339(at) };
}

/** What was tried lately: pages, calls and letters that were noted, and every letter that was sent or came back. */
async function attempts(
  desk: Pick<Desk, 'pool' | 'contacts'>,
  kind: 'staff' | 'subscriber',
  people: readonly Reachable[],
  now: Instant,
): Promise<readonly ContactAttempt[]> {
  const noted = await desk.contacts.since(now.subtract(lookBack), kind);
  const addresses = people.flatMap((p) => p.contacts.filter((x) => x.channel === 'email').map((x) => x.to));
  if (addresses.length === 0) return noted;
  const { rows } = await desk.pool.query<{ recipient: string; state: string; at: Instant }>(
    `select recipient, state, max(at) as at from outreach.letter where recipient = any($1) group by recipient, state`,
    [[...new Set(addresses)]],
  );
  const letters = rows.map(
    ({ recipient, state, at }): ContactAttempt => ({
      ...{ channel: 'email', to: recipient, at, by: 'desk' },
      result: state === 'sent' ? 'delivered' : 'bounced',
    }),
  );
  return [...noted, ...letters];
}

async function openCasesOf(desk: Pick<Desk, 'pool'>, who: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
  if (who.length === 0) return new Map();
  const { rows } = await desk.pool.query<{ subscriber: string; case_id: string }>(
    `select distinct a.subscriber, a.case_id from store.affected_certificate a
     join store.case_state s on s.case_id = a.case_id and s.open where a.subscriber = any($1) limit 5000`,
    [[...who]],
  );
  const found = new Map<string, string[]>();
  for (const { subscriber, case_id } of rows) found.set(subscriber, [...(found.get(subscriber) ?? []), case_id]);
  return found;
}
