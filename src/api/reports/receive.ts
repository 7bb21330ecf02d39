/** One report over HTTP: read, bound, write as a message, hand in. Answered only when it is durable. */
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import type { Time } from '../../foundation/time/time.ts';
import type { ReportAccepted } from '../contract/index.ts';
import type { DeskPort } from '../port.ts';
import { ProblemError } from '../problem.ts';
import { composeReport } from './compose.ts';
import { carriesEvidence, type ReportRate } from './rate.ts';
import { readReportRequest } from './read-request.ts';

export interface ReceiveOptions {
  readonly desk: DeskPort;
  readonly time: Time;
  readonly rate: ReportRate;
  /** Mail address that takes everything, for those who are turned away here. */
  readonly contact: string;
}

export async function receiveReport(
  context: Context,
  channel: 'web-form' | 'api',
  options: ReceiveOptions,
): Promise<ReportAccepted> {
  const remoteAddress = remoteAddressOf(context);
  const admitted = () => options.rate.admits(remoteAddress, options.time.now());
  return receiveBody(context.req.raw, { remoteAddress, channel, admitted }, options);
}

/** The same for a body that has come by another way than this request. */
export async function receiveBody(
  request: Request,
  {
    remoteAddress,
    channel,
    admitted,
  }: { remoteAddress: string | null; channel: 'web-form' | 'api'; admitted: () => boolean },
  options: ReceiveOptions,
): Promise<ReportAccepted> {
  const read = await readReportRequest(request);
  const now = options.time.now();
  if (!admitted() && read.form === 'written' && !carriesEvidence(read.report))
    throw new ProblemError(
      429,
      'too_many_reports',
      `Too many reports from here for now. Write to ${options.contact}; mail is always taken.`,
      {
        headers: { 'retry-after': '600' },
      },
    );
  const raw = read.form === 'raw' ? read.raw : await composeReport(read.report, channel, now);
  return options.desk.receiveReport({ channel, raw, remoteAddress });
}

export function remoteAddressOf(context: Context): string | null {
  try {
    return getConnInfo(context).remote.address ?? null;
  } catch {
    // Not behind a socket (a test, another server): the address is not known.
    return null;
  }
}
