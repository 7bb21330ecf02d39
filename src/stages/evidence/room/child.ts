/**
 * The reading room's process: no network, no files but its own program, no children (room.ts starts it so). It talks
 * over one pipe, one report at a time, and is ended from outside.
 */
import { openReport } from './read.ts';
import { madeUpReport } from './warm-up.ts';
import { type FromRoom, packInstants, type RoomAnswer, type ToRoom } from './wire.ts';

/** Enough for the compiler to have seen the hot paths. */
const IDLE_ROUNDS = 40;
/** Enough for every function of the common path to have been compiled once. */
const COMPILE_ROUNDS = 2;

/** Called by the loader (program.ts). `compiled` is what V8 has compiled of the program so far. */
export function start(compiled: () => Uint8Array): void {
  const send = (message: FromRoom): void => {
    process.send?.(message);
  };
  /** Set with the first report, which ends the warming up. */
  let busy = false;
  let answered: ((answer: RoomAnswer) => void) | null = null;

  async function read(input: Extract<ToRoom, { type: 'read' }>['input']): Promise<void> {
    try {
      const report = await openReport(input, { sharedPrimes: true });
      const answer = new Promise<RoomAnswer>((resolve) => {
        answered = resolve;
      });
      send({ type: 'question', question: report.question });
      const reading = await report.judge(await answer);
      send({ type: 'reading', reading: packInstants(reading) });
    } catch (cause) {
      // The code only: a message or a stack could quote what was being read.
      const code = (cause as { code?: unknown }).code;
      send({ type: 'failed', code: typeof code === 'string' ? code.slice(0, 60) : 'room_failed' });
    }
  }

  /** Only when there is nothing to do: under load the processor belongs to the reports. */
  async function keepWarm(): Promise<void> {
    const round = madeUpReport();
    for (let i = 0; i < IDLE_ROUNDS && !busy; i++) {
      await round();
      // A report that has come in meanwhile is read before the next round.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async function compile(): Promise<void> {
    const round = madeUpReport();
    for (let i = 0; i < COMPILE_ROUNDS; i++) await round();
    send({ type: 'compiled', code: compiled() });
  }

  process.on('message', (message: ToRoom) => {
    if (message.type === 'answer') answered?.(message.answer);
    else if (message.type === 'idle') void keepWarm();
    else if (message.type === 'compile') void compile();
    else {
      busy = true;
      void read(message.input);
    }
  });
  /** The desk has gone: so do we. */
  process.on('disconnect', () => process.exit(0));
  send({ type: 'ready' });
}
