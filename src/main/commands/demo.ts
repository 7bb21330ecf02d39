import type { Command } from 'commander';
import { type DemoFault, demo, demoFaults } from '../demo.ts';
import { openLog } from '../log.ts';
import { type CommandContext, newCommand, oneOf, portNumber, stopSignal } from './context.ts';

export function demoCommand({ out, err, exit }: CommandContext, about: string): Command {
  return newCommand('demo', about)
    .option('--exit', 'end when the replay has ended; do not keep the console open')
    .option('--json', 'one JSON object')
    .option('--fault <name>', `break something: ${demoFaults.join(', ')}`, oneOf<DemoFault>(demoFaults))
    .option('--port <port>', 'port of the console', portNumber, 8080)
    .action(async (options: { exit?: boolean; json?: boolean; fault?: DemoFault; port: number }) => {
      exit(
        await demo({
          exit: options.exit === true,
          json: options.json === true,
          fault: options.fault ?? null,
          port: options.port,
          log: openLog('error'),
          out,
          err,
          signal: stopSignal(),
        }),
      );
    });
}
