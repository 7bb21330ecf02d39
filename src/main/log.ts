import { pino } from 'pino';
import type { Log } from '../app/ports.ts';

/** Ids and codes, never bodies; always to stderr, because stdout belongs to the command's answer. */
export function openLog(level: 'info' | 'warn' | 'error' | 'silent'): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
