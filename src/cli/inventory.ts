/** `rescind inventory import | find | stats`: the stable contract of the command line, over an inventory handed in. */
import { Command } from 'commander';
import { Fault } from '../foundation/fault.ts';
import { type Instant, rfc3339, type Time } from '../foundation/time/time.ts';
import {
  coverage,
  findAny,
  type ImportReport,
  type Inventory,
  importFrom,
  type Match,
  readCa,
  readFiles,
  readLog,
  readStaticLog,
  type Watermark,
  watermarkInWords,
} from '../stages/inventory/index.ts';
import type { Fetch } from '../stages/inventory/sources/http.ts';

export interface InventoryCli {
  /** Opens the inventory; `close` is called when the command is done. */
  open(): Promise<{ inventory: Inventory; close(): Promise<void> }>;
  readonly time: Time;
  readonly fetch: Fetch;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
}

/** Matches one `find` shows; a person who needs more asks more precisely. */
const shownMax = 1_000;

export function inventoryCommand(cli: InventoryCli): Command {
  const command = new Command('inventory').description('every certificate the CA issued: import, find, count');

  const run = async (work: (inventory: Inventory) => Promise<void>) => {
    const { inventory, close } = await cli.open();
    try {
      await work(inventory);
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      cli.err(`rescind: ${cause.message}`);
      cli.exit(cause.code === 'path_not_readable' ? 2 : 1);
    } finally {
      await close();
    }
  };

  command
    .command('import [paths...]')
    .description('certificates from files and folders (PEM, DER, CSV), from the CA, or from a log')
    .option('--ca <url>', 'the list of the CA, read on from where the last import ended')
    .option('--ct <url>', 'an RFC 6962 log')
    .option('--static-ct <url>', 'a static-ct-api log, by its monitoring prefix')
    .option('--issuer <sha256...>', 'take from a log only certificates of these issuers (SHA-256 of the name)')
    .option('--json', 'one JSON object')
    .action(
      async (
        paths: string[],
        options: { ca?: string; ct?: string; staticCt?: string; issuer?: string[]; json?: boolean },
      ) => {
        if (paths.length === 0 && !options.ca && !options.ct && !options.staticCt) {
          cli.err('rescind: name a file, a folder, --ca, --ct or --static-ct');
          cli.exit(2);
          return;
        }
        await run(async (inventory) => {
          const http = { fetch: cli.fetch };
          const log = options.issuer ? { ...http, issuers: new Set(options.issuer) } : http;
          const url = (text: string) => text.replace(/\/$/, '');
          async function* everything() {
            if (paths.length > 0) yield* readFiles(paths);
            if (options.ca) yield* readCa(options.ca, await inventory.progress(`ca:${options.ca}`), http);
            if (options.ct) yield* readLog(options.ct, await inventory.progress(`ct:${url(options.ct)}`), log);
            if (options.staticCt) {
              yield* readStaticLog(options.staticCt, await inventory.progress(`ct:${url(options.staticCt)}`), log);
            }
          }
          const report = await importFrom(inventory, everything(), {
            time: cli.time,
            onBatch: (read) => cli.err(`read ${read}`),
          });
          cli.out(options.json ? JSON.stringify(importJson(report)) : importText(report));
        });
      },
    );

  command
    .command('find <query>')
    .description('by fingerprint, serial, key hash, name, crt.sh id or link')
    .option('--json', 'one JSON object per certificate')
    .action(async (query: string, options: { json?: boolean }) => {
      await run(async (inventory) => {
        const answer = await findAny(inventory, query, shownMax);
        for (const match of answer.matches) {
          cli.out(options.json ? JSON.stringify(certificateJson(match, answer.watermark)) : certificateText(match));
        }
        if (answer.more) cli.err(`more than ${shownMax} certificates match; these are the first`);
        // The sentence a "no match" may never go without.
        if (answer.matches.length === 0) cli.err(`no certificate matches (${watermarkInWords(answer.watermark)})`);
      });
    });

  command
    .command('stats')
    .description('how many certificates are known, and how complete that is')
    .option('--json', 'one JSON object')
    .action(async (options: { json?: boolean }) => {
      await run(async (inventory) => {
        const { watermark, ...counts } = await inventory.stats();
        if (options.json) {
          cli.out(
            JSON.stringify({ ...counts, watermark: watermarkJson(watermark), completeness: coverage(watermark) }),
          );
          return;
        }
        for (const [name, count] of Object.entries(counts)) cli.out(`${name.padEnd(16)}${count}`);
        cli.out(watermarkInWords(watermark));
      });
    });

  return command;
}

function importJson(report: ImportReport): object {
  const { read, stored, rejected, rejectedCount, perSecond, watermark } = report;
  return { read, stored, rejected, perSecond, watermark: watermarkJson(watermark), rejectedCount };
}

function importText(report: ImportReport): string {
  const lines = [
    `${report.read} read, ${report.stored} stored, ${report.rejectedCount} rejected (${report.perSecond}/s)`,
  ];
  for (const { at, problem } of report.rejected) lines.push(`  ${at}: ${problem}`);
  if (report.rejectedCount > report.rejected.length) {
    lines.push(`  and ${report.rejectedCount - report.rejected.length} more`);
  }
  lines.push(watermarkInWords(report.watermark));
  return lines.join('\n');
}

function certificateJson({ certificate, by }: Match, watermark: Watermark): object {
  return {
    sha256: certificate.fingerprint,
    serial: certificate.serial,
    issuer: certificate.issuer,
    names: certificate.names,
    notAfter: rfc3339(certificate.notAfter),
    status: certificate.status,
    spkiSha256: certificate.spkiHash,
    precertificate: certificate.precertificate,
    subscriber: certificate.subscriber,
    matchedBy: by,
    watermark: watermarkJson(watermark),
  };
}

function certificateText({ certificate, by }: Match): string {
  return [
    `${certificate.serial}  ${certificate.status}, until ${rfc3339(certificate.notAfter)}  ${certificate.names.join(' ')}`,
    `  found by ${by.join(', ')}${certificate.precertificate ? '; known only from its precertificate' : ''}`,
    `  sha256 ${certificate.fingerprint}`,
    `  key    ${certificate.spkiHash}`,
    `  issuer ${certificate.issuer}${certificate.subscriber === null ? '' : `  subscriber ${certificate.subscriber}`}`,
  ].join('\n');
}

function watermarkJson(watermark: Watermark): object {
  const text = (instant: Instant | null) => (instant === null ? null : rfc3339(instant));
  return { rows: watermark.rows, issuedCount: watermark.issuedCount, upTo: text(watermark.upTo) };
}
