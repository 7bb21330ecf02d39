/**
 * Notices what fails without a word (FM28, FM29): stored messages that nobody turns into work, and letters that the
 * next hop accepted and never sent. Asked at every round of the desk; it alarms people and says when to ask again.
 *
 * Letters to subscribers are checked with one more letter, sent behind them by the same way to a mailbox of our own. What
 * does not come back within minutes did not go out, whatever the relay said; once one comes back, all are sent again.
 */
import type { CaseId } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import { earliest, hasCome, hours, type Instant, minutes, rfc3339 } from '../foundation/time/time.ts';
import type { Heartbeats } from '../platform/store/heartbeats.ts';
import type { Ledger } from '../stages/intake/ledger.ts';
import { type Messenger, messageIdOf } from '../stages/outreach/messenger.ts';
import type { Log, Pager } from './ports.ts';

/** Reading takes seconds; a message that waits this long is not being read (promise 1). */
const unreadMax = minutes(3);
/** A letter to ourselves takes seconds; after this the letters before it count as lost. */
const controlMax = minutes(10);
const repeatAfter = hours(1);
const lookEvery = minutes(1);
const lookLater = minutes(10);

export interface WatchParts {
  /** Null where the night watch looks after unread messages: one cause wakes people in one way. */
  readonly ledger: Pick<Ledger, 'stats'> | null;
  readonly heartbeats: Heartbeats;
  readonly pager: Pager;
  readonly secondPager: Pager | null;
  readonly messenger: Messenger;
  readonly log: Log;
  readonly mailDomain: string;
  /** A mailbox of ours that the desk reads; null: letters are not checked. */
  readonly controlAddress: string | null;
  /** Sends the letters of one step again, to everybody. */
  readonly resend: (caseId: CaseId, matterId: string, step: string) => Promise<void>;
}

/** The words of the alarm when reading has stopped or is behind; null while it keeps up. */
export function unreadAlarm(oldestUnreadAt: Instant | null, now: Instant): string | null {
  if (oldestUnreadAt === null || !hasCome(oldestUnreadAt.add(unreadMax), now)) return null;
  const waits = Math.round(now.since(oldestUnreadAt).total('minutes'));
  return `The oldest stored message, received ${rfc3339(oldestUnreadAt)}, has waited ${waits} minutes to be read.`;
}

type State = 'sent' | 'lost' | 'back' | 'seen';

interface Control {
  readonly id: string;
  readonly at: Instant;
  readonly state: State;
}

const prefix = 'control-letter/';

export class Watch {
  readonly #parts: WatchParts;
  #unreadAlarmAt: Instant | null = null;
  #lostAlarmAt: Instant | null = null;
  #nextAt: Instant | null = null;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** After the letters of one step went out: the control letter behind them. */
  async follow(caseId: CaseId, matterId: string, step: string, now: Instant): Promise<void> {
    if (this.#parts.controlAddress === null) return;
    const id = `${caseId}/${matterId}/${step}`;
    await this.#keep(id, 'sent', now);
    await this.#sendControl(id);
  }

  /** Whether a message that came in is a control letter; then it has done its duty and is no report. */
  async came(message: Message, now: Instant): Promise<boolean> {
    if (this.#parts.controlAddress === null || message.messageId === null) return false;
    for (const { id, state } of await this.#controls()) {
      if (messageIdOf(controlId(id), this.#parts.mailDomain) !== message.messageId) continue;
      if (state === 'sent') await this.#keep(id, 'seen', now);
      if (state === 'lost') await this.#keep(id, 'back', now);
      return true;
    }
    return false;
  }

  /** When to ask again although nothing happens; null when nothing is under watch. */
  get nextAt(): Instant | null {
    return this.#nextAt;
  }

  async look(now: Instant): Promise<void> {
    const next = [await this.#unread(now), await this.#letters(now)].filter((at): at is Instant => at !== null);
    const [first, ...others] = next;
    this.#nextAt = first === undefined ? null : earliest(first, ...others);
  }

  async #unread(now: Instant): Promise<Instant | null> {
    if (this.#parts.ledger === null) return null;
    const { oldestUnreadAt } = await this.#parts.ledger.stats();
    if (oldestUnreadAt === null) {
      this.#unreadAlarmAt = null;
      return null;
    }
    const alarmAt = oldestUnreadAt.add(unreadMax);
    const words = unreadAlarm(oldestUnreadAt, now);
    if (words === null) return alarmAt;
    if (this.#unreadAlarmAt === null || hasCome(this.#unreadAlarmAt.add(repeatAfter), now)) {
      this.#unreadAlarmAt = now;
      await this.#alarm('desk' as CaseId, 'triage', words, now);
    }
    return now.add(hasCome(alarmAt.add(repeatAfter), now) ? lookLater : lookEvery);
  }

  async #letters(now: Instant): Promise<Instant | null> {
    let next: Instant | null = null;
    for (const { id, at, state } of await this.#controls()) {
      if (state === 'seen') continue;
      const [caseId = '', matterId = '', step = ''] = id.split('/');
      if (state === 'back') {
        // The way is open again, as the control letter has just shown: everybody's letter goes out once more.
        await this.#parts.resend(caseId as CaseId, matterId, step);
        await this.#keep(id, 'seen', now);
        continue;
      }
      if (hasCome(at.add(controlMax), now)) {
        await this.#keep(id, 'lost', now);
        if (this.#lostAlarmAt === null || hasCome(this.#lostAlarmAt.add(repeatAfter), now)) {
          this.#lostAlarmAt = now;
          await this.#alarm(
            caseId as CaseId,
            'bulk-mail',
            'Letters to subscribers were accepted but do not arrive.',
            now,
          );
        }
        await this.#sendControl(id);
      }
      const again = hasCome(at.add(controlMax), now) ? now.add(controlMax) : at.add(controlMax);
      next = next === null ? again : earliest(next, again);
    }
    return next;
  }

  async #sendControl(id: string): Promise<void> {
    const { messenger, controlAddress, log } = this.#parts;
    const [outcome] = await messenger.send([
      {
        letterId: controlId(id),
        to: controlAddress ?? '',
        subject: 'Control letter',
        text: 'The desk sends this letter to itself behind letters to subscribers, to see that they leave the house.\n',
        html: null,
        language: 'en',
        automatic: 'auto-generated',
        inReplyTo: null,
        references: [],
      },
    ]);
    if (outcome?.outcome !== 'accepted') log.warn({ control: id }, 'The control letter was not accepted.');
  }

  async #alarm(caseId: CaseId, component: string, because: string, now: Instant): Promise<void> {
    const page = { caseId, step: `alarm-${component}`, team: 'pki-team', because, dueAt: null } as const;
    if (!(await this.#parts.pager.page(page, now))) await this.#parts.secondPager?.page(page, now);
  }

  async #controls(): Promise<readonly Control[]> {
    return (await this.#parts.heartbeats.all())
      .filter((beat) => beat.name.startsWith(prefix))
      .map((beat) => ({ id: beat.name.slice(prefix.length), at: beat.at, state: beat.detail as State }));
  }

  async #keep(id: string, state: State, at: Instant): Promise<void> {
    await this.#parts.heartbeats.beat({ name: `${prefix}${id}`, at, detail: state });
  }
}

function controlId(id: string): string {
  return `${id}/~control`;
}
