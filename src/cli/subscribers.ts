/**
 * `rescind subscribers import FILE`: whom the desk writes to. The CA's account system knows the addresses; without them a
 * case of another CA than the lab has nobody to tell.
 */
import { Command } from 'commander';
import { Fault } from '../foundation/fault.ts';
import { readRows } from '../stages/inventory/index.ts';
import type { Contact, Directory } from '../stages/outreach/directory/directory.ts';

export interface SubscribersCli {
  open(): Promise<{ directory: Directory; close(): Promise<void> }>;
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
  return command;
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
