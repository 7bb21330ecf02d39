/**
 * Ctrl-C, `systemctl stop`, a closed terminal: one orderly stop. A second signal does not wait for it, and neither
 * does a stop that hangs; what is left behind then is what a crash leaves, which the next start takes up.
 */
import type { JobLog } from './jobs/log.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const stopMaxMs = 60_000;
/** What shells report for a process that a signal ended: 128 plus the number of SIGINT. */
const impatientExit = 130;

/** Ends the process after `stop`. The answer takes the listeners away again, for a desk that ends by itself. */
export function stopOnSignals(stop: () => Promise<void>, log: JobLog): () => void {
  let stopping = false;
  const listen = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(impatientExit);
    stopping = true;
    log.info({ signal }, 'stopping; again to stop at once');
    const hanging = setTimeout(() => {
      log.error({}, `the desk did not stop within ${stopMaxMs / 1000} s and is ended`);
      process.exit(1);
    }, stopMaxMs);
    stop().then(
      () => {
        clearTimeout(hanging);
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ error: error instanceof Error ? error.name : 'unknown' }, 'the desk stopped with a failure');
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, listen);
  return () => {
    for (const signal of signals) process.off(signal, listen);
  };
}
