/** What breaks in a scenario, and the conditions under which an event happens at all. */
import { loadCase } from '../../app/change-case.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { Fault as BrokenPart } from '../../foundation/fault.ts';
import { at, hasCome, type Instant, isBefore, type Time } from '../../foundation/time/time.ts';
import type { LabCa } from '../../lab-ca/index.ts';
import type { Ledger } from '../../stages/intake/ledger.ts';
import type { Messenger, Outgoing, SendOutcome } from '../../stages/outreach/messenger.ts';
import type { Item } from './deliver.ts';
import type { Replay } from './run.ts';
import type { Fault } from './schema.ts';

interface Active extends Fault {
  readonly since: Instant;
  endsAt: Instant | null;
  /** Items a slow component has let out. */
  done: number;
  readonly queue: Outgoing[];
}

/** Letters about a matter go to its subscribers; the control letter behind them goes the same way. */
const toSubscriber = /\/m-[0-9a-f]{16}\//;
/** How often a slow queue is looked at. */
const queueEvery = { minutes: 10 };

export class Faults {
  readonly #ca: LabCa;
  readonly #time: Time;
  readonly #active: Active[] = [];
  #beganAt: Instant | null = null;
  #messenger: Messenger | null = null;

  constructor(ca: LabCa, time: Time) {
    this.#ca = ca;
    this.#time = time;
  }

  /** When the first fault began, for `alarmWithinMinutes`. */
  get beganAt(): Instant | null {
    return this.#beganAt;
  }

  active(component: Fault['component']): Active | undefined {
    return this.#active.find((f) => f.component === component);
  }

  begin(item: Item): void {
    const { fault } = item.data;
    if (fault === undefined) return;
    const now = this.#time.now();
    this.#beganAt ??= now;
    this.#active.push({
      ...fault,
      since: now,
      endsAt: fault.until === undefined ? null : at(fault.until),
      done: 0,
      queue: [],
    });
    if (fault.component === 'revocation' || fault.component === 'publication') {
      const { component, mode, perHour } = fault;
      this.#ca.revocations.setFault({ component, mode, ...(perHour === undefined ? {} : { perHour }) });
    }
  }

  /** The desk raised an alarm: somebody repairs what was announced as repairable. */
  async alarmed(component: string, now: Instant): Promise<void> {
    for (const fault of this.#active) {
      // What cannot be seen from outside may have failed at either step; whoever repairs looks at both.
      const steps = ['publication', 'revocation'];
      const concerned = fault.component === component || (steps.includes(component) && steps.includes(fault.component));
      if (concerned && fault.repairAfterAlarmMinutes !== undefined && fault.endsAt === null)
        fault.endsAt = now.add({ minutes: fault.repairAfterAlarmMinutes });
    }
  }

  nextAt(): Instant | null {
    const slow = this.#active.some((f) => f.queue.length > 0);
    return this.#active.reduce<Instant | null>(
      (min, f) => (f.endsAt !== null && (min === null || isBefore(f.endsAt, min)) ? f.endsAt : min),
      slow ? this.#time.now().add(queueEvery) : null,
    );
  }

  async runDue(): Promise<void> {
    const now = this.#time.now();
    for (const fault of this.#active) if (fault.queue.length > 0) await this.#letOut(fault);
    for (const fault of this.#active.filter((f) => f.endsAt !== null && hasCome(f.endsAt, now))) {
      this.#active.splice(this.#active.indexOf(fault), 1);
      if (fault.component === 'revocation' || fault.component === 'publication')
        await this.#ca.revocations.clearFault(fault.component);
    }
  }

  /** The way to subscribers, which may swallow, refuse, or let out so many an hour and queue the rest without a word. */
  throttled(messenger: Messenger): Messenger {
    this.#messenger = messenger;
    return {
      ...messenger,
      send: async (letters, signal) => {
        const fault = this.active('bulk-mail');
        const bulk = letters.some((l) => toSubscriber.test(l.letterId));
        if (fault === undefined || !bulk) return messenger.send(letters, signal);
        if (fault.mode === 'refuse')
          return letters.map((): SendOutcome => ({ outcome: 'retry', problem: 'the mail server is down' }));
        if (fault.mode === 'slow') {
          fault.queue.push(...letters);
          await this.#letOut(fault);
        }
        return letters.map((): SendOutcome => ({ outcome: 'accepted', detail: 'taken' }));
      },
    };
  }

  /** Stored messages become work through here: the reader that takes them and does nothing, or says no. */
  reading(ledger: Ledger): Ledger {
    return {
      ...ledger,
      claim: async (input) => {
        const fault = this.active('triage');
        if (fault === undefined) return ledger.claim(input);
        if (fault.mode === 'refuse') throw new BrokenPart('reader_down', 'The reader of messages is down.');
        if (fault.mode === 'silent') return [];
        const left = this.#allowance(fault, input.now);
        const claims = left === 0 ? [] : await ledger.claim({ ...input, limit: Math.min(input.limit, left) });
        fault.done += claims.length;
        return claims;
      },
    };
  }

  /** What becomes of one page: `swallowed` is accepted and reaches nobody. */
  paging(now: Instant): 'taken' | 'swallowed' | 'refused' {
    const fault = this.active('pager');
    if (fault === undefined) return 'taken';
    if (fault.mode === 'refuse') return 'refused';
    if (fault.mode === 'silent' || this.#allowance(fault, now) === 0) return 'swallowed';
    fault.done++;
    return 'taken';
  }

  async #letOut(fault: Active): Promise<void> {
    const letters = fault.queue.splice(0, this.#allowance(fault, this.#time.now()));
    fault.done += letters.length;
    if (letters.length > 0) await this.#messenger?.send(letters);
  }

  /** Items that a slow component may still let out by now: the first at once, then one each hour / perHour. */
  #allowance(fault: Active, now: Instant): number {
    const perHour = fault.perHour ?? 0;
    if (perHour <= 0) return 0;
    return Math.max(0, Math.floor(now.since(fault.since).total('hours') * perHour) + 1 - fault.done);
  }

  /** Whether the event happens, as seen from outside at this instant. */
  async holds(item: Item, replay: Replay): Promise<boolean> {
    const { onlyIf } = item.data;
    if (onlyIf === undefined) return true;
    if (onlyIf.stillValid !== undefined && !(await anyOf(replay, onlyIf.stillValid, false))) return false;
    if (onlyIf.revoked !== undefined && !(await anyOf(replay, onlyIf.revoked, true))) return false;
    return onlyIf.unanswered === undefined || !(await answered(replay, String(onlyIf.unanswered)));
  }

  /** One line of the CA's own mail gateway: a session it refused is an arrival all the same (SCHEMA.md, Rules). */
  async gatewayLine(item: Item, replay: Replay): Promise<void> {
    const { log } = item.data;
    const about = replay.items.find((i) => i.name === String(log?.about));
    const from = about?.data.from;
    if (log === undefined || about === undefined || from === undefined) return;
    // A refused session ended before the message; what was taken has an id by which the log knows it.
    const messageId = log.action === 'refuse' ? null : replay.doors.messageIdOf(about.name);
    const { action } = log;
    await replay.desk.noteGateway({ at: about.at, action, envelopeFrom: from, envelopeTo: about.data.to, messageId });
  }
}

async function anyOf(replay: Replay, refs: readonly string[], revoked: boolean): Promise<boolean> {
  const certificates = refs.flatMap((ref) => replay.world.select(ref));
  const published = new Set(
    (await replay.desk.readings.probes(certificates.map((c) => c.fingerprint)))
      .filter((p) => p.crl === 'revoked')
      .map((p) => p.fingerprint),
  );
  return certificates.some((c) => published.has(c.fingerprint) === revoked);
}

async function answered(replay: Replay, name: string): Promise<boolean> {
  const reportId = replay.doors.reportOf(name);
  if (reportId === null) return false;
  const caseId: CaseId | null = await replay.desk.readings.caseOf([reportId]);
  const current = caseId === null ? null : await loadCase(replay.desk.parts.cases, caseId);
  return current?.reports.find((r) => r.reportId === reportId)?.preliminaryAt != null;
}
