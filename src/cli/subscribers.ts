/**
 * `rescind subscribers`: whom the desk writes to, and what their own software may do. The CA's account system knows the
 * addresses; without them a case of another CA than the lab has nobody to tell.
 */
import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { Fault } from '../foundation/fault.ts';
import { rfc3339, type Time } from '../foundation/time/time.ts';
import {
  mintToken,
  readRows,
  type SubscriberScope,
  type SubscriberTokens,
  subscriberScopes,
} from '../stages/inventory/index.ts';
import type { Contact, Directory } from '../stages/outreach/directory/directory.ts';
import type { RenewNowHooks } from '../stages/renewal-info/index.ts';

export interface SubscribersCli {
  open(): Promise<{
    directory: Directory;
    tokens: SubscriberTokens;
    hooks: RenewNowHooks;
    close(): Promise<void>;
  }>;
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
}

const rejectedShown = 20;
const addressesMax = 20;
const batch = 5_000;

export function subscribersCommand(cli: SubscribersCli): Command {
  const command = new Command('subscribers').description('whom the desk writes to about their certificates');
  command
    .command('import <file>')
    .description('contacts from a CSV with the columns subscriber, addresses, name, phone, language')
    .option('--json', 'one JSON object: {read, stored, rejected}')
    .action(async (file: string, options: { json?: boolean }) => {
      const { directory, close } = await cli.open();
      try {
        const report = await importContacts(directory, file);
        if (options.json === true) cli.out(JSON.stringify(report));
        else {
          cli.out(`${report.read} read, ${report.stored} stored, ${report.rejectedCount} rejected`);
          for (const { at, problem } of report.rejected) cli.out(`  ${at}: ${problem}`);
        }
        if (report.stored === 0) cli.exit(1);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        cli.err(`rescind: ${error.message}`);
        cli.exit(error.code === 'path_not_readable' ? 2 : 1);
      } finally {
        await close();
      }
    });

  command
    .command('token <subscriber>')
    .description('a token for the subscriber’s own software; it is shown once')
    .option('--scopes <scopes>', `comma-separated: ${subscriberScopes.join(', ')}`, readScopes, [...subscriberScopes])
    .option('--days <days>', 'how long it is good for', readDays, 90)
    .option('--json', 'one JSON object: {id, token, expiresAt}')
    .action(async (subscriber: string, options: { scopes: SubscriberScope[]; days: number; json?: boolean }) => {
      const { tokens, close } = await cli.open();
      try {
        const now = cli.time.now();
        const expiresAt = now.add({ hours: options.days * 24 });
        const id = randomBytes(9).toString('hex');
        const { token, text } = mintToken({ id, subscriber, scopes: options.scopes, expiresAt });
        await tokens.put(token, now);
        cli.out(options.json === true ? JSON.stringify({ id, token: text, expiresAt: rfc3339(expiresAt) }) : text);
      } finally {
        await close();
      }
    });

  command
    .command('end-token <id>')
    .description('a token is good for nothing from here on; exit 1 when there is none')
    .action(async (id: string) => {
      const { tokens, close } = await cli.open();
      try {
        if (await tokens.end(id, cli.time.now())) cli.out('The token is ended.');
        else {
          cli.err('rescind: there is no such token, or it has ended before');
          cli.exit(1);
        }
      } finally {
        await close();
      }
    });

  command
    .command('hook <subscriber> [url]')
    .description('where a subscriber without ACME is told to renew; its secret is shown once')
    .option('--remove', 'no more messages')
    .option('--json', 'one JSON object: {subscriber, url, secret}')
    .action(async (subscriber: string, url: string | undefined, options: { remove?: boolean; json?: boolean }) => {
      const problem = options.remove === true ? null : urlProblem(url);
      if (problem !== null) {
        cli.err(`rescind: ${problem}`);
        cli.exit(2);
        return;
      }
      const { hooks, close } = await cli.open();
      try {
        if (options.remove === true) {
          const removed = await hooks.remove(subscriber);
          cli.out(removed ? 'The hook is removed.' : 'There was no hook.');
          return;
        }
        const hook = await hooks.set(subscriber, url!, cli.time.now());
        cli.out(options.json === true ? JSON.stringify(hook) : hook.secret);
      } finally {
        await close();
      }
    });
  return command;
}

function readScopes(text: string): SubscriberScope[] {
  return text.split(',').map((word) => {
    const scope = subscriberScopes.find((known) => known === word.trim());
    if (scope === undefined) throw new InvalidArgumentError(`Known: ${subscriberScopes.join(', ')}.`);
    return scope;
  });
}

function readDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 400)
    throw new InvalidArgumentError('A whole number from 1 to 400.');
  return days;
}

/** https, or http to this machine: what is said is public, but who says it must not be changed on the way. */
function urlProblem(text: string | undefined): string | null {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null) return 'name the address, as https://…';
  const local = url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol !== 'https:' && !local) return 'the address must be https';
  return url.username === '' && url.password === '' ? null : 'the address must hold no password';
}

interface Report {
  readonly read: number;
  readonly stored: number;
  readonly rejected: readonly { readonly at: string; readonly problem: string }[];
  readonly rejectedCount: number;
}

async function importContacts(directory: Directory, file: string): Promise<Report> {
  let [read, stored, rejectedCount] = [0, 0, 0];
  const rejected: { at: string; problem: string }[] = [];
  let waiting = new Map<string, Contact>();
  const store = async () => {
    await directory.put([...waiting.values()]);
    stored += waiting.size;
    waiting = new Map();
  };
  for await (const { at, row, problem } of readRows(file)) {
    read++;
    const contact = problem ?? contactOf(row);
    if (typeof contact === 'string') {
      rejectedCount++;
      if (rejected.length < rejectedShown) rejected.push({ at, problem: contact });
      continue;
    }
    waiting.set(contact.subscriber, contact);
    if (waiting.size >= batch) await store();
  }
  if (waiting.size > 0) await store();
  return { read, stored, rejected, rejectedCount };
}

/** A contact, or what is wrong with the row. */
function contactOf(row: ReadonlyMap<string, string>): Contact | string {
  const subscriber = row.get('subscriber') ?? '';
  if (subscriber === '') return 'no subscriber';
  const addresses = (row.get('addresses') ?? row.get('email') ?? '')
    .split(/[\s;,]+/)
    .map((address) => address.toLowerCase())
    .filter((address) => address !== '');
  const wrong = addresses.find((address) => !/^[^\s@<>]+@[^\s@<>]+$/.test(address));
  if (wrong !== undefined) return 'an address is no mail address';
  const phone = row.get('phone') ?? null;
  if (addresses.length === 0 && phone === null) return 'neither an address nor a telephone number';
  if (addresses.length > addressesMax) return `more than ${addressesMax} addresses`;
  const language = (row.get('language') ?? 'en').toLowerCase();
  if (!/^[a-z]{2}$/.test(language)) return 'the language is no ISO 639-1 code of two letters';
  return { subscriber, name: row.get('name') ?? subscriber, addresses, phone, language };
}
