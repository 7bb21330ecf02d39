/**
 * The reading room's process: no network, no files but its own program, no children (room-child.ts starts it so). It
 * talks over one pipe, reads what it is given one report after the other, and is ended from outside.
 */
import { blockingChannel, PIPE } from './frames.ts';
import { type OpenReport, openReport } from './read.ts';
import {
  asksNothing,
  type FromRoom,
  type PackedResult,
  packInstants,
  type RoomAnswer,
  type RoomInput,
  type ToRoom,
} from './wire.ts';

/** Called by the loader (program.ts). `compiled` is what V8 has compiled of the program so far. */
export async function start(compiled: () => Uint8Array): Promise<void> {
  const channel = blockingChannel(PIPE);
  const receive = () => channel.receive() as ToRoom | null;
  const send = (message: FromRoom): void => channel.send(message);
  send({ type: 'ready' });
  for (let message = receive(); message?.type === 'read' || message?.type === 'compile'; message = receive()) {
    if (message.type === 'compile') send({ type: 'compiled', code: compiled() });
    else send({ type: 'readings', results: await readAll(message.inputs, { send, receive }) });
  }
  // The desk has gone: so do we.
  process.exit(0);
}

const nothingKnown: RoomAnswer = { keys: [], enrolledCsrs: [] };

interface Desk {
  readonly send: (message: FromRoom) => void;
  readonly receive: () => ToRoom | null;
}

/** Reads until one report holds a private key; that one is finished, and those after it are left for another child. */
async function readAll(inputs: readonly RoomInput[], desk: Desk): Promise<readonly PackedResult[]> {
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
  desk.send({ type: 'questions', questions: inputs.map((_, place) => questions.get(place) ?? null) });
  // The desk looks up meanwhile.
  for (const { report } of asking) report.ahead();
  const message = desk.receive();
  if (message?.type !== 'answers') process.exit(0);
  for (const { place, report } of asking) results[place] = await judged(report, message.answers[place] ?? nothingKnown);
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
