import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  adoptionCsv,
  adoptionHtml,
  adoptionMarkdown,
  adoptionOf,
  earlierQuarters,
  keepQuarter,
  quarterOf,
  subscribersCsv,
} from '../../assurance/adoption/index.ts';
import { Fault } from '../../foundation/fault.ts';
import { hours } from '../../foundation/time/time.ts';
import { openOffline } from '../offline.ts';
import { collected } from '../port/adoption.ts';
import { type CommandContext, newCommand } from './context.ts';

/** Advices of the last year count, as on the screen. */
const lookBack = hours(365 * 24);
/** Quarters in the trend. */
const trendMax = 12;

export function adoptionCommand({ time, out, configured }: CommandContext, about: string): Command {
  const command = newCommand('adoption', about);
  command
    .command('report [folder]')
    .description('the quarterly report as HTML, Markdown and CSV; it names no subscriber')
    .option('--staff', 'also a list with names, for the CA’s own staff')
    .option('--json', 'one JSON object: {quarter, certificates, subscribers, files}')
    .action(async (folder = '.', options: { staff?: boolean; json?: boolean }) => {
      const config = await configured();
      const { desk, close } = await openOffline(config);
      try {
        const now = time.now();
        const since = now.subtract(lookBack);
        const label = quarterOf(now);
        const adoption = adoptionOf({ ...(await collected(desk, since, now)), since, now });
        await keepQuarter(desk.pool, { label, overall: adoption.overall, readiness: adoption.readiness }, now);
        const earlier = await earlierQuarters(desk.pool, label, trendMax);
        const report = { ca: config.ca.owner, label, adoption, earlier };
        const name = `adoption-${label.replace(' ', '-')}`;
        const files = {
          [`${name}.html`]: adoptionHtml(report),
          [`${name}.md`]: adoptionMarkdown(report),
          [`${name}.csv`]: adoptionCsv(report),
          ...(options.staff === true ? { [`${name}-subscribers.csv`]: subscribersCsv(adoption) } : {}),
        };
        await writeAll(folder, files);
        const written = Object.keys(files).map((file) => join(folder, file));
        const { certificates } = adoption.overall;
        if (options.json === true)
          out(JSON.stringify({ quarter: label, certificates, subscribers: adoption.subscribers, files: written }));
        else for (const file of written) out(file);
      } finally {
        await close();
      }
    });
  return command;
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault('path_not_writable', `${folder} cannot be written to (${code ?? 'unknown'}).`, { cause });
  }
}
