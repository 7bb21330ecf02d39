import type { Command } from 'commander';
import { openLog } from '../log.ts';
import { type Role, roles, serve } from '../serve.ts';
import { type CommandContext, newCommand, oneOf, portNumber, stopSignal } from './context.ts';

export function serveCommand({ time, err, configured }: CommandContext, about: string): Command {
  return newCommand('serve', about)
    .option('--roles <roles>', `comma-separated: ${roles.join(', ')}`, (value) =>
      value.split(',').map((r) => oneOf<Role>(roles)(r.trim())),
    )
    .option('--port <port>', 'port of console and API', portNumber)
    .option('--config <file>', 'configuration file')
    .action(async (options: { roles?: Role[]; port?: number; config?: string }) => {
      const config = await configured(options.config);
      const http = options.port === undefined ? config.http : { ...config.http, port: options.port };
      await serve({
        config: { ...config, http },
        time,
        log: openLog('info'),
        roles: options.roles ?? roles,
        signal: stopSignal(),
        say: err,
      });
    });
}
