/** `rescind audit export FILE` and `audit verify [FILE]`: the stable contract of the command line. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type AuditedLog, exportLog, readCheckpoint, verifyExport } from '../assurance/audit-log/index.ts';
import { Fault } from '../foundation/fault.ts';
import type { TreeHead } from '../foundation/log/merkle.ts';

export interface AuditCli {
  /** Opens the desk's own log; `close` is called when the command is done. */
  open(): Promise<{ log: AuditedLog; close(): Promise<void> }>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
}

export function auditCommand(cli: AuditCli): Command {
  const command = new Command('audit').description('the tamper-evident log of everything that happened');

  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      cli.err(`rescind: ${error.message}`);
      cli.exit(error.code.startsWith('path_not_') ? 2 : 1);
    }
  };

  command
    .command('export <file>')
    .description('write the whole log to a file that anybody can verify')
    .option('--json', 'one JSON object: {size, root}')
    .action((file: string, options: { json?: boolean }) =>
      guarded(async () => {
        const { log, close } = await cli.open();
        try {
          const written = await exportLog(log, file);
          cli.out(
            options.json ? JSON.stringify(written) : `${written.size} events written to ${file}\nroot ${written.root}`,
          );
        } finally {
          await close();
        }
      }),
    );

  command
    .command('verify [file]')
    .description('recompute the log, of this desk or of an exported file; exit 1 when anything was changed')
    .option('--checkpoint <file...>', 'checkpoints that were kept outside the desk')
    .option('--signed-by <key>', 'the verifier key by which the checkpoints must be signed')
    .option('--json', 'one JSON object: {ok, size, root, leaf, problem}')
    .action((file: string | undefined, options: { checkpoint?: string[]; signedBy?: string; json?: boolean }) =>
      guarded(async () => {
        const checkpoints = await Promise.all(
          (options.checkpoint ?? []).map((path) => checkpointIn(path, options.signedBy)),
        );
        const verdict = file === undefined ? await verifyOwn(cli, checkpoints) : await verifyExport(file, checkpoints);
        if (options.json) cli.out(JSON.stringify(verdict));
        else if (verdict.ok) cli.out(`ok: ${verdict.size} events, root ${verdict.root}`);
        else cli.out(`NOT ok${verdict.leaf === null ? '' : `, first at event ${verdict.leaf}`}: ${verdict.problem}`);
        cli.exit(verdict.ok ? 0 : 1);
      }),
    );

  return command;
}

async function verifyOwn(cli: AuditCli, checkpoints: readonly TreeHead[]) {
  const { log, close } = await cli.open();
  try {
    return await log.verify(checkpoints);
  } finally {
    await close();
  }
}

async function checkpointIn(path: string, signedBy: string | undefined): Promise<TreeHead> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Fault('path_not_readable', `${path} cannot be opened.`, { cause });
  }
  const checkpoint = readCheckpoint(text, signedBy);
  if (checkpoint === null) {
    const what = signedBy === undefined ? 'no checkpoint' : 'no checkpoint signed by that key';
    throw new Fault('path_not_readable', `${path} holds ${what}.`);
  }
  return checkpoint;
}
