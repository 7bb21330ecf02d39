/** The part of pino that the loops use. Ids and codes, never content. */
export interface JobLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export const silentLog: JobLog = { info: () => {}, warn: () => {}, error: () => {} };
