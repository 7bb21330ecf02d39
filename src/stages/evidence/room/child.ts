/**
 * The reading room's process: no network, no files but its own program, no children (room-child.ts starts it so). It
 * talks over one pipe, reads what it is given one report after the other, and is ended from outside.
 */
import { type OpenReport, openReport } from './read.ts';
import { madeUpReport } from './warm-up.ts';
import {
  asksNothing,
  type FromRoom,
  type PackedResult,
  packInstants,
  type RoomAnswer,
  type RoomInput,
  type RoomQuestion,
  type ToRoom,
} from './wire.ts';

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
  let answered: ((answers: readonly (RoomAnswer | null)[]) => void) | null = null;

  const ask = (questions: readonly (RoomQuestion | null)[]): Promise<readonly (RoomAnswer | null)[]> =>
    new Promise((resolve) => {
      answered = resolve;
      send({ type: 'questions', questions });
    });

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
    if (message.type === 'answers') answered?.(message.answers);
    else if (message.type === 'idle') void keepWarm();
    else if (message.type === 'compile') void compile();
    else {
      busy = true;
      void readAll(message.inputs, ask).then((results) => send({ type: 'readings', results }));
    }
  });
  /** The desk has gone: so do we. */
  process.on('disconnect', () => process.exit(0));
  send({ type: 'ready' });
}

const nothingKnown: RoomAnswer = { keys: [], enrolledCsrs: [] };

type Ask = (questions: readonly (RoomQuestion | null)[]) => Promise<readonly (RoomAnswer | null)[]>;

/** Reads until one report holds a private key; that one is finished, and those after it are left for another child. */
async function readAll(inputs: readonly RoomInput[], ask: Ask): Promise<readonly PackedResult[]> {
  const results: PackedResult[] = inputs.map(() => ({ outcome: 'left' }));
  const asking: { readonly place: number; readonly report: OpenReport }[] = [];
  for (const [place, input] of inputs.entries()) {
    const report = await opened(input);
    if ('outcome' in report) results[place] = report;
    else if (asksNothing(report.question)) results[place] = await judged(report, nothingKnown);
    else asking.push({ place, report });
    if ('sawPrivateKey' in report && report.sawPrivateKey) break;
  }
  if (asking.length === 0) return results;
  const questions = new Map(asking.map(({ place, report }) => [place, report.question]));
  const answers = await ask(inputs.map((_, place) => questions.get(place) ?? null));
  for (const { place, report } of asking) results[place] = await judged(report, answers[place] ?? nothingKnown);
  return results;
}

async function opened(input: RoomInput): Promise<OpenReport | PackedResult> {
  return await openReport(input, { sharedPrimes: true }).catch(failure);
}

async function judged(report: OpenReport, answer: RoomAnswer): Promise<PackedResult> {
  return await report
    .judge(answer)
    .then((reading): PackedResult => ({ outcome: 'read', reading: packInstants(reading) }), failure);
}

/** The code only: a message or a stack could quote what was being read. */
function failure(cause: unknown): PackedResult {
  const { code } = (cause ?? {}) as { code?: unknown };
  return { outcome: 'failed', code: typeof code === 'string' ? code.slice(0, 60) : 'room_failed' };
}
