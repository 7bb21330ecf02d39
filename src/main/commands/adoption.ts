import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type AutomationPolicy, AutomationQuery } from '../../api/contract/index.ts';
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
import { deskAutomation } from '../port/automation.ts';
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
  command
    .command('policy [account]')
    .description('what accounts owe to automation, by the configuration: all of them, or one with its steps')
    .option('--ordered-by <how>', 'judge an order that came by acme, api or manual')
    .option('--names <names>', 'DNS names of the order, separated by commas')
    .option('--days <days>', 'lifetime that the order asks for')
    .option('--json', 'one JSON object per line, as the API answers')
    .action(async (account: string | undefined, options: PolicyOptions) => {
      const { desk, close } = await openOffline(await configured());
      try {
        const port = deskAutomation(desk);
        if (account === undefined) {
          const { rows } = await port.automationPolicies();
          for (const row of rows) out(options.json === true ? JSON.stringify(row) : row.account);
          if (rows.length === 0 && options.json !== true) out('No account owes anything: labCa.automation is empty.');
          return;
        }
        const answer = await port.automationPolicy(account, orderOf(options));
        if (options.json === true) out(JSON.stringify(answer));
        else for (const line of policyLines(answer)) out(line);
      } finally {
        await close();
      }
    });
  return command;
}

interface PolicyOptions {
  readonly orderedBy?: string;
  readonly names?: string;
  readonly days?: string;
  readonly json?: boolean;
}

function orderOf({ orderedBy, names, days }: PolicyOptions): AutomationQuery {
  const read = AutomationQuery.safeParse({
    orderedBy,
    names,
    lifetimeSeconds: days === undefined ? undefined : Number(days) * 86_400,
  });
  if (!read.success)
    throw new Fault('order_not_readable', 'Say --ordered-by acme, api or manual, and --days as a number of days.');
  return read.data;
}

function policyLines({ account, inForce, coming, order }: AutomationPolicy): string[] {
  const line = (word: string) => (step: AutomationPolicy['inForce'][number]) =>
    `${word} ${step.step}${step.lifetimeMaxSeconds === null ? '' : ` to ${step.lifetimeMaxSeconds / 86_400} days`} from ${step.from}: ${step.because}`;
  const steps = [...inForce.map(line('holds: ')), ...coming.map(line('coming:'))];
  const judged =
    order === null
      ? []
      : [
          order.answer === 'refuse'
            ? `this order is refused: ${order.because}`
            : `this order is allowed${order.lifetimeSeconds === null ? '' : ` for ${order.lifetimeSeconds / 86_400} days`}${order.isRenewal ? ', as a renewal' : ''}.`,
          ...order.tell.map((one) => `tell the subscriber: ${one}`),
        ];
  return [...(steps.length === 0 ? [`${account} owes nothing to automation.`] : steps), ...judged];
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
