/**
 * Every command by name. A command's modules are loaded when it is the one asked for: the whole desk takes seconds to
 * load, and `rescind triage mail.eml` at night shall not wait for a database driver.
 */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export interface NamedCommand {
  readonly about: string;
  load(context: CommandContext): Promise<Command>;
}

const named = (
  about: string,
  load: (context: CommandContext, about: string) => Promise<Command>,
): readonly [string, NamedCommand['load']] => [about, (context) => load(context, about)];

const list: Readonly<Record<string, readonly [string, NamedCommand['load']]>> = {
  demo: named('replay the seed incident through real parts on virtual time, and show it', async (c, about) =>
    (await import('./demo.ts')).demoCommand(c, about),
  ),
  serve: named('run the desk', async (c, about) => (await import('./serve.ts')).serveCommand(c, about)),
  triage: named('what messages are about: label, deadline, route, evidence, and why', async (c) =>
    (await import('../../cli/triage.ts')).triageCommand(c),
  ),
  'rules-lab': named('which verdicts other triage rules would move, before anybody publishes them', async (c) =>
    (await import('../../cli/rules-lab.ts')).rulesLabCommand(c),
  ),
  evidence: named('what a file shows about a key, and whether a proof holds', async (c) =>
    (await import('../../cli/evidence.ts')).evidenceCommand(c),
  ),
  scenario: named('replay incidents as timelines', async (c, about) =>
    (await import('./scenario.ts')).scenarioCommand(c, about),
  ),
  inventory: named('every certificate the CA issued: import, find, count', async (c) =>
    (await import('./stored.ts')).storedInventoryCommand(c),
  ),
  subscribers: named('whom the desk writes to about their certificates', async (c) =>
    (await import('./stored.ts')).storedSubscribersCommand(c),
  ),
  contacts: named('who can be reached: people on call, and where the world is told to report', async (c) =>
    (await import('./practice.ts')).practisedContactsCommand(c),
  ),
  drill: named('practise: send a test report as the world would, and see how fast people were', async (c) =>
    (await import('./practice.ts')).practisedDrillCommand(c),
  ),
  adoption: named('who could replace a certificate in 24 hours: the quarterly report', async (c, about) =>
    (await import('./adoption.ts')).adoptionCommand(c, about),
  ),
  'renewal-info': named('answer ACME clients by ARI, without the rest of the desk', async (c, about) =>
    (await import('./renewal-info.ts')).renewalInfoCommand(c, about),
  ),
  incident: named('the public incident report: draft it from a case, check it before posting', async (c) =>
    (await import('./stored.ts')).storedIncidentCommand(c),
  ),
  audit: named('the tamper-evident log of everything that happened', async (c) =>
    (await import('./stored.ts')).storedAuditCommand(c),
  ),
  config: named('the configuration file', async (c, about) => (await import('./config.ts')).configCommand(c, about)),
  doctor: named(
    'check this machine and this configuration: database, ports, sealing keys, mail relay, CA, console',
    async (c, about) => (await import('./doctor.ts')).doctorCommand(c, about),
  ),
  bench: named('measure', async (c, about) => (await import('./bench.ts')).benchCommand(c, about)),
};

export const commands: ReadonlyMap<string, NamedCommand> = new Map(
  Object.entries(list).map(([name, [about, load]]) => [name, { about, load }]),
);
