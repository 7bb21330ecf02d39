/** `rescind contacts ready | test | called | audit`: who can be reached tonight, and how it is known. */
import { Command, InvalidArgumentError } from 'commander';
import { type Instant, rfc3339, type Time } from '../foundation/time/time.ts';
import type { ContactLog } from '../stages/outreach/on-call/contact-log.ts';
import { type ContactHealth, contactHealth, nextCallAt, type Reachable } from '../stages/outreach/on-call/readiness.ts';

export interface ContactsDesk {
  readonly log: ContactLog;
  readonly people: readonly Reachable[];
  readonly onCall: (now: Instant) => readonly { readonly level: number; readonly person: string }[];
  /** Test pages to every contact of these people; says how many left. */
  test(who: readonly string[], now: Instant): Promise<number>;
  audit(now: Instant): Promise<{
    readonly places: readonly string[];
    readonly findings: readonly {
      readonly id: string;
      readonly message: string;
      readonly owner: string;
      readonly since: Instant;
      readonly dueAt: Instant;
    }[];
  }>;
  close(): Promise<void>;
}

export interface ContactsCli {
  open(): Promise<ContactsDesk>;
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly exit: (code: number) => void;
}

/** What a person can say of a call. */
export const callResults = ['answered', 'no-answer', 'voicemail', 'busy', 'wrong-number'] as const;
export type CallResult = (typeof callResults)[number];

const lookBackHours = 400 * 24;

export function contactsCommand(cli: ContactsCli): Command {
  const command = new Command('contacts')
    .description('who can be reached: people on call, and where the world is told to report')
    .addHelpText(
      'after',
      `
A contact counts as good when it has worked within a year and has not failed since. A test page asks its reader to
press a button; the desk sends one by itself, in working hours, to every contact that is not good.

  rescind contacts ready                         who could not be reached tonight
  rescind contacts test asha                     ask asha, on every channel, whether this reaches her
  rescind contacts called ben +41791234567 voicemail --remark "left our number"
  rescind contacts audit                         CPS, CCADB, web page and security.txt against each other`,
    );

  const withDesk = async (work: (desk: ContactsDesk, now: Instant) => Promise<void>): Promise<void> => {
    const desk = await cli.open();
    try {
      await work(desk, cli.time.now());
    } finally {
      await desk.close();
    }
  };

  command
    .command('ready')
    .description(
      'everybody in the rota with each contact and when it last worked; exit 1 when somebody has none that works',
    )
    .option('--json', 'one JSON object per person: {person, onCall, reachable, contacts}')
    .action((options: { json?: boolean }) =>
      withDesk(async (desk, now) => {
        const attempts = await desk.log.since(now.subtract({ hours: lookBackHours }), 'staff');
        const tonight = desk.onCall(now);
        let missing = 0;
        for (const { who, contacts } of desk.people) {
          const level = tonight.find((o) => o.person === who)?.level ?? null;
          const rows = contacts.map(({ channel, to }) => ({
            channel,
            to,
            health: contactHealth(
              attempts.filter((a) => a.channel === channel && a.to === to),
              now,
            ),
          }));
          // Never tried is not the same as reachable: nobody knows.
          const reachable = rows.some(({ health }) => health.state === 'good' || health.state === 'stale');
          if (!reachable) missing++;
          if (options.json === true) {
            const shown = rows.map(({ channel, to, health }) => ({
              channel,
              to,
              state: health.state,
              at: whenOf(health),
            }));
            cli.out(JSON.stringify({ person: who, onCall: level, reachable, contacts: shown }));
            continue;
          }
          cli.out(`${reachable ? '✓' : '✗'} ${who}${level === null ? '' : `, on call now (level ${level + 1})`}`);
          for (const row of rows)
            cli.out(`    ${row.channel.padEnd(9)} ${row.to.padEnd(32)} ${sentenceOf(row.health)}`);
        }
        if (desk.people.length === 0 && options.json !== true)
          cli.out('Nobody is configured to be on call. Set onCall.');
        if (missing > 0 || desk.people.length === 0) cli.exit(1);
      }),
    );

  command
    .command('test [person...]')
    .description('send a test page to every contact of these people, or of everybody; it asks them to confirm')
    .option('--json', 'one JSON object: {people, sent}')
    .action((names: string[], options: { json?: boolean }) =>
      withDesk(async (desk, now) => {
        const known = desk.people.map((p) => p.who);
        const unknown = names.find((name) => !known.includes(name));
        if (unknown !== undefined)
          throw new InvalidArgumentError(`${unknown} is not in the rota. Known: ${known.join(', ') || 'nobody'}.`);
        const people = names.length === 0 ? known : names;
        const sent = await desk.test(people, now);
        if (options.json === true) cli.out(JSON.stringify({ people, sent }));
        else cli.out(`${sent} test pages left. See who confirmed them with: rescind contacts ready`);
        if (sent === 0) cli.exit(1);
      }),
    );

  command
    .command('called <person> <number> <result>')
    .description(`note what came of a call: ${callResults.join(', ')}`)
    .option('--remark <text>', 'what was said', '')
    .option('--by <person>', 'who called', 'staff')
    .option('--subscriber', 'the person is a subscriber, not one of ours')
    .option('--json', 'one JSON object: {person, number, result, callAgainAt}')
    .action(
      (
        person: string,
        number: string,
        result: string,
        options: { remark: string; by: string; subscriber?: boolean; json?: boolean },
      ) =>
        withDesk(async (desk, now) => {
          const known = callResults.find((r) => r === result);
          if (known === undefined) throw new InvalidArgumentError(`A call ends in one of: ${callResults.join(', ')}.`);
          const kind = options.subscriber === true ? 'subscriber' : 'staff';
          await desk.log.note([
            {
              ...{ who: person, kind, channel: 'phone', to: number, at: now, result: known, by: options.by },
              ...{ caseId: null, messageId: null, remark: options.remark },
            },
          ]);
          const calls = (await desk.log.since(now.subtract({ hours: 24 }), kind)).filter((a) => a.to === number);
          const again = nextCallAt(calls);
          const callAgainAt = again === null ? null : rfc3339(again);
          if (options.json === true) cli.out(JSON.stringify({ person, number, result: known, callAgainAt }));
          else cli.out(callAgainAt === null ? 'Noted.' : `Noted. Call again at ${callAgainAt}.`);
        }),
    );

  command
    .command('audit')
    .description(
      'compare every published way to report a problem with the others and with what the desk reads; exit 1 on findings',
    )
    .option('--json', 'one JSON object: {places, findings}')
    .action((options: { json?: boolean }) =>
      withDesk(async (desk, now) => {
        const { places, findings } = await desk.audit(now);
        const rows = findings.map((f) => ({ ...f, since: rfc3339(f.since), dueAt: rfc3339(f.dueAt) }));
        if (options.json === true) cli.out(JSON.stringify({ places, findings: rows }));
        else if (places.length === 0) cli.out('No published place is configured. Set published.');
        else {
          cli.out(`${places.length} places compared: ${places.join(', ')}.`);
          for (const { message, owner, dueAt } of rows) cli.out(`✗ ${message}\n    ${owner}, by ${dueAt}`);
          if (rows.length === 0) cli.out('✓ They agree, and the desk reads what they name.');
        }
        if (findings.length > 0 || places.length === 0) cli.exit(1);
      }),
    );
  return command;
}

function whenOf(health: ContactHealth): string | null {
  if (health.state === 'unproven') return null;
  return rfc3339(health.state === 'failed' ? health.since : health.provenAt);
}

function sentenceOf(health: ContactHealth): string {
  switch (health.state) {
    case 'good':
      return `worked ${rfc3339(health.provenAt)}`;
    case 'stale':
      return `worked ${rfc3339(health.provenAt)}, more than a year ago`;
    case 'failed':
      return `failed ${rfc3339(health.since)} (${health.result})`;
    case 'unproven':
      return 'never confirmed';
  }
}
