/** What breaks in a scenario, and the conditions under which an event happens at all. */
import { loadCase } from '../../app/change-case.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { at, hasCome, type Instant, isBefore, type Time } from '../../foundation/time/time.ts';
import type { LabCa } from '../../lab-ca/index.ts';
import type { Messenger, SendOutcome } from '../../stages/outreach/messenger.ts';
import type { Item } from './deliver.ts';
import type { Replay } from './run.ts';
import type { Fault } from './schema.ts';

interface Active extends Fault {
  readonly since: Instant;
  endsAt: Instant | null;
}

export class Faults {
  readonly #ca: LabCa;
  readonly #time: Time;
  readonly #active: Active[] = [];
  #beganAt: Instant | null = null;

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
    this.#active.push({ ...fault, since: now, endsAt: fault.until === undefined ? null : at(fault.until) });
    if (fault.component === 'revocation' || fault.component === 'publication') {
      const { component, mode, perHour } = fault;
      this.#ca.revocations.setFault({ component, mode, ...(perHour === undefined ? {} : { perHour }) });
    }
  }

  /** The desk raised an alarm: somebody repairs what was announced as repairable. */
  async alarmed(component: string, now: Instant): Promise<void> {
    for (const fault of this.#active) {
      const concerned = fault.component === component || component === 'publication' || component === 'revocation';
      if (concerned && fault.repairAfterAlarmMinutes !== undefined && fault.endsAt === null)
        fault.endsAt = now.add({ minutes: fault.repairAfterAlarmMinutes });
    }
  }

  nextAt(): Instant | null {
    return this.#active.reduce<Instant | null>(
      (min, f) => (f.endsAt !== null && (min === null || isBefore(f.endsAt, min)) ? f.endsAt : min),
      null,
    );
  }

  async runDue(): Promise<void> {
    const now = this.#time.now();
    for (const fault of this.#active.filter((f) => f.endsAt !== null && hasCome(f.endsAt, now))) {
      this.#active.splice(this.#active.indexOf(fault), 1);
      if (fault.component === 'revocation' || fault.component === 'publication')
        await this.#ca.revocations.clearFault(fault.component);
    }
  }

  /** The way to subscribers, which may swallow, refuse, or let out so many an hour. */
  throttled(messenger: Messenger): Messenger {
    let hour: string | null = null;
    let sent = 0;
    return {
      ...messenger,
      send: async (letters, signal) => {
        const fault = this.active('bulk-mail');
        const bulk = letters.length > 1;
        if (fault === undefined || !bulk) return messenger.send(letters, signal);
        if (fault.mode === 'silent') return letters.map((): SendOutcome => ({ outcome: 'accepted', detail: 'taken' }));
        if (fault.mode === 'refuse')
          return letters.map((): SendOutcome => ({ outcome: 'retry', problem: 'the mail server is down' }));
        const now = this.#time.now().toString().slice(0, 13);
        if (now !== hour) {
          hour = now;
          sent = 0;
        }
        const room = Math.max(0, (fault.perHour ?? 0) - sent);
        sent += Math.min(room, letters.length);
        const out = await messenger.send(letters.slice(0, room), signal);
        return [
          ...out,
          ...letters.slice(room).map((): SendOutcome => ({ outcome: 'retry', problem: 'the queue is slow' })),
        ];
      },
    };
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
    await replay.desk.noteGateway({ sender: from, at: about.at, action: log.action });
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
