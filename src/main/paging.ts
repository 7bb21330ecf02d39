/**
 * Pages people and does not let go: whoever is on call first, then the next level, then again from the start, until
 * somebody takes the case; then again when nothing moves, more often as the limit comes near. What was sent is in the
 * database, so that a restart neither forgets a page nor starts over.
 */
import { readFile } from 'node:fs/promises';
import { takeCase } from '../app/act.ts';
import { loadCase } from '../app/change-case.ts';
import { nearestDue } from '../app/perform/perform.ts';
import type { CaseFile, CoreParts, Log, Pager } from '../app/ports.ts';
import { type Case, stageOf } from '../desk/case.ts';
import { isRefusal } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import { hasCome, hours, type Instant, rfc3339, type Time } from '../foundation/time/time.ts';
import type { Messenger, Outgoing } from '../stages/outreach/messenger.ts';
import {
  smsDefaults,
  smsMessenger,
  webhookMessenger,
  webPushDefaults,
  webPushMessenger,
} from '../stages/outreach/messengers/index.ts';
import { defaultPaging, nextPage, type PagingPolicy } from '../stages/outreach/on-call/paging.ts';
import { type OnCall, onCallAt } from '../stages/outreach/on-call/rota.ts';
import { readTakeToken, takeToken } from '../stages/outreach/on-call/take.ts';
import type { Config } from './config.ts';
import type { Alarm } from './night-watch.ts';
import { type OnCallConfig, pagingOf, rotaOf } from './on-call.ts';
import type { PageStore } from './watch-store.ts';

type Contact = OnCallConfig['contacts'][string][number];

/** Who is asked at an instant, and how each of them is reached. */
export interface Duty {
  readonly onCallAt: (now: Instant) => readonly OnCall[];
  readonly levels: number;
  readonly contactsOf: (person: string) => readonly Contact[];
  readonly policy: PagingPolicy;
  readonly messengers: Readonly<Partial<Record<Contact['channel'], Messenger>>>;
}

export interface PagingParts {
  readonly duty: Duty | null;
  readonly pages: PageStore;
  readonly log: Log;
  /** Secret of the links by which a page is taken. */
  readonly secret: Uint8Array;
  /** Origin under which people reach the desk; null: pages carry no link. */
  readonly origin: string | null;
}

export interface Paging extends Pager {
  readonly alarm: Alarm;
  /** Sends every page that is owed at `now` for cases people were paged for. */
  round(parts: { readonly cases: CaseFile }, now: Instant): Promise<void>;
}

/** A link outlives the longest limit of a case that still wakes people at night. */
const linkValid = hours(7 * 24);
const casesMax = 10_000;
/** Acts of people and of the outside; the desk's own pages are no move. */
const noMove = new Set(['StaffPaged', 'AlarmRaised']);

export function openPaging(parts: PagingParts): Paging {
  const { duty, pages, log } = parts;

  const send = async (person: string, letter: Pick<Outgoing, 'letterId' | 'subject' | 'text'>): Promise<boolean> => {
    const outcomes = await Promise.all(
      (duty?.contactsOf(person) ?? []).map(async ({ channel, to }) => {
        const messenger = duty?.messengers[channel];
        if (messenger === undefined) return false;
        const [outcome] = await messenger.send([
          {
            ...letter,
            letterId: `${letter.letterId}/${person}/${channel}/${to}`,
            to,
            html: null,
            language: 'en',
            automatic: 'auto-generated',
            inReplyTo: null,
            references: [],
          },
        ]);
        if (outcome?.outcome === 'accepted') return true;
        log.warn({ person, channel, problem: outcome?.problem ?? 'no answer' }, 'A page could not be sent this way.');
        return false;
      }),
    );
    return outcomes.includes(true);
  };

  const pageLevel = async (
    page: { caseId: string; level: number; subject: string; because: string; dueAt: Instant | null },
    now: Instant,
  ): Promise<boolean> => {
    const people = duty?.onCallAt(now) ?? [];
    // A level without anybody falls to the next that has somebody: a page never goes nowhere.
    const whom = people.find((p) => p.level >= page.level) ?? people[0];
    if (whom === undefined) {
      log.error({ caseId: page.caseId }, `Page, and nobody is on call: ${page.because}`);
      return false;
    }
    const number = await pages.add(page.caseId, {
      level: page.level,
      person: whom.person,
      because: page.because,
      at: now,
    });
    const link = takeLink(parts, page.caseId, whom.person, now);
    const text = [
      page.because,
      `Case ${page.caseId}`,
      ...(page.dueAt === null ? [] : [`Due ${rfc3339(page.dueAt)}`]),
      ...(link === null ? [] : [`Take it: ${link}`]),
    ].join('\n');
    const taken = await send(whom.person, { letterId: `${page.caseId}/page/${number}`, subject: page.subject, text });
    if (taken) await pages.accepted(page.caseId, number);
    return taken;
  };

  return {
    async page({ caseId, step, team, because, dueAt }, now) {
      if (duty === null) {
        log.warn({ caseId, step, team }, `Page (nobody is configured to be paged): ${because}`);
        return false;
      }
      return pageLevel({ caseId, level: 0, subject: `${team}: ${because}`, because, dueAt }, now);
    },
    async alarm(cause, now) {
      const people = duty?.onCallAt(now) ?? [];
      // It is said once, so it is said to every level at once.
      const letter = { letterId: `alarm/${cause.id}/${rfc3339(now)}`, subject: cause.words, text: cause.words };
      const sent = await Promise.all([...new Set(people.map((p) => p.person))].map((person) => send(person, letter)));
      return sent.includes(true);
    },
    async round({ cases }, now) {
      if (duty === null) return;
      for (const caseId of await pages.running(casesMax)) {
        const current = await loadCase(cases, caseId as CaseId);
        if (current === null || isOver(current)) {
          await pages.end(caseId);
          continue;
        }
        const sent = await pages.ofCase(caseId);
        const first = sent[0];
        if (first === undefined) continue;
        const dueAt = nearestDue(current);
        const movedAt = await lastMove(cases, caseId as CaseId);
        const takenAt = current.takenAt;
        const next = nextPage(
          { since: first.at, dueAt, levels: duty.levels, sent, takenAt, movedAt, done: false },
          duty.policy,
        );
        if (next === null || !hasCome(next.at, now)) continue;
        const because =
          next.because === 'nothing-moves' ? 'Taken, but nothing has moved since.' : 'Nobody has taken this case yet.';
        await pageLevel({ caseId, level: next.level, subject: `Case ${caseId}: ${because}`, because, dueAt }, now);
      }
    },
  };
}

/** Nothing is left to be done by a person: ended, dismissed, or seen as revoked from outside. */
function isOver(current: Case): boolean {
  return ['closed', 'dismissed', 'published'].includes(stageOf(current));
}

async function lastMove(cases: CaseFile, caseId: CaseId): Promise<Instant | null> {
  return (await cases.load(caseId)).findLast((event) => !noMove.has(event.type))?.at ?? null;
}

function takeLink(parts: PagingParts, caseId: string, person: string, now: Instant): string | null {
  if (parts.origin === null) return null;
  const token = takeToken({ caseId, person, expiresAt: now.add(linkValid) }, parts.secret);
  return `${parts.origin.replace(/\/+$/, '')}/page/${token}`;
}

/** Takes the case a link was made for, in the name of the person it was sent to. */
export async function takeByLink(
  parts: CoreParts & { readonly time: Time },
  token: string,
  secret: Uint8Array,
): Promise<{ readonly ok: true; readonly caseId: string } | { readonly ok: false; readonly message: string }> {
  const read = readTakeToken(token, secret, parts.time.now());
  if (!read.ok)
    return {
      ok: false,
      message: read.code === 'link_expired' ? 'This link is too old.' : 'This link is not one of ours.',
    };
  const caseId = read.caseId as CaseId;
  const current = await loadCase(parts.cases, caseId);
  if (current === null) return { ok: false, message: 'There is no such case any more.' };
  // Tapped twice, or by two people: the case has been taken, which is all that was wanted.
  if (current.takenAt !== null) return { ok: true, caseId };
  const by = { people: [read.person], because: 'Answered a page by its link.' };
  const result = await takeCase(parts, caseId, current.team ?? 'pki-team', by);
  return isRefusal(result) ? { ok: false, message: result.message } : { ok: true, caseId };
}

/** Who is paged according to the configuration; null when it names nobody. Letters by mail leave by `mail`. */
export async function dutyOf(config: Config, mail: Messenger, time: Time): Promise<Duty | null> {
  if (config.onCall !== null) return rotaDuty(config.onCall, mail, time);
  const { webhookUrl, mailTo } = config.pager;
  const contacts: Contact[] = mailTo.map((to) => ({ channel: 'email', to }));
  if (webhookUrl !== null) contacts.push({ channel: 'webhook', to: 'duty' });
  if (contacts.length === 0) return null;
  const targets =
    webhookUrl === null ? {} : { duty: { url: webhookUrl, style: 'json', secret: null, routingKey: null } as const };
  return {
    onCallAt: () => [{ level: 0, person: 'duty', because: 'turn' }],
    levels: 1,
    contactsOf: () => contacts,
    policy: defaultPaging,
    messengers: { email: mail, webhook: webhookMessenger({ targets, timeoutMilliseconds }, time) },
  };
}

const timeoutMilliseconds = 10_000;

async function rotaDuty(config: OnCallConfig, mail: Messenger, time: Time): Promise<Duty> {
  const rota = rotaOf(config);
  const secretIn = async (file: string): Promise<string> => (await readFile(file, 'utf8')).trim();
  const targets = Object.fromEntries(
    await Promise.all(
      Object.entries(config.webhooks).map(async ([name, { secretFile, ...target }]) => [
        name,
        { ...target, secret: secretFile === null ? null : await secretIn(secretFile) },
      ]),
    ),
  );
  const { sms, webPush } = config;
  return {
    onCallAt: (now) => onCallAt(rota, now),
    levels: rota.levels.length,
    contactsOf: (person) => config.contacts[person] ?? [],
    policy: pagingOf(config),
    messengers: {
      email: mail,
      webhook: webhookMessenger({ targets, timeoutMilliseconds }, time),
      ...(sms === null
        ? {}
        : {
            sms: smsMessenger({
              ...smsDefaults,
              ...{ url: sms.url, from: sms.from, token: await secretIn(sms.tokenFile) },
              ...(sms.fields === undefined ? {} : { fields: sms.fields }),
            }),
          }),
      ...(webPush === null
        ? {}
        : {
            'web-push': webPushMessenger(
              { ...webPushDefaults, subject: webPush.subject, privateKey: await secretIn(webPush.privateKeyFile) },
              async (to) => webPush.subscriptions[to] ?? null,
              time,
            ),
          }),
    },
  };
}
