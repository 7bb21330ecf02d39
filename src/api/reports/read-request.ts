/** Reads the three forms in which a report comes over HTTP. Bounded before anything is parsed. */
import { ReportIn } from '../contract/index.ts';
import { invalid, ProblemError } from '../problem.ts';
import type { WrittenReport } from './compose.ts';

/** Largest report over HTTP, files included. Mail takes more; the answer says so. */
export const reportBytesMax = 64 * 1024 * 1024;
const filesMax = 100;

export type ReadReport =
  | { readonly form: 'raw'; readonly raw: Uint8Array }
  | { readonly form: 'written'; readonly report: WrittenReport };

export async function readReportRequest(request: Request): Promise<ReadReport> {
  const type = (request.headers.get('content-type') ?? '').toLowerCase();
  const bytes = await readBounded(request);
  if (type.startsWith('message/rfc822')) {
    if (bytes.length === 0) throw new ProblemError(422, 'empty', 'The message is empty.');
    return { form: 'raw', raw: bytes };
  }
  if (type.startsWith('application/json')) return { form: 'written', report: fromJson(bytes) };
  if (type.startsWith('multipart/form-data') || type.startsWith('application/x-www-form-urlencoded'))
    return { form: 'written', report: await fromForm(bytes, request.headers.get('content-type') ?? '') };
  throw new ProblemError(415, 'media_type', 'Send a form, application/json, or a raw message as message/rfc822.');
}

async function readBounded(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () =>
    new ProblemError(
      413,
      'too_large',
      `A report over HTTP may be ${reportBytesMax / 1024 / 1024} MiB. Send it by mail, or send a link.`,
    );
  if (Number(request.headers.get('content-length') ?? 0) > reportBytesMax) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > reportBytesMax) throw tooLarge();
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function fromJson(bytes: Uint8Array): WrittenReport {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ProblemError(400, 'not_json', 'The body is not JSON.');
  }
  const read = ReportIn.safeParse(value);
  if (!read.success) throw invalid(read.error);
  const { attachments, ...rest } = read.data;
  return {
    ...rest,
    attachments: attachments.map((a) => ({
      name: a.name,
      mediaType: a.mediaType,
      bytes: Buffer.from(a.base64, 'base64'),
    })),
  };
}

async function fromForm(bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<WrittenReport> {
  let data: FormData;
  try {
    data = await new Response(bytes, { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw new ProblemError(400, 'form_unreadable', 'The form could not be read. Send it again, or write a mail.');
  }
  const text = (name: string): string => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  };
  const files = data.getAll('files').filter((f): f is File => typeof f !== 'string' && f.size > 0);
  const fields = ReportIn.safeParse({
    text: text('text').trim() === '' && files.length > 0 ? '(see the files)' : text('text'),
    subject: text('subject'),
    name: text('name'),
    email: text('email'),
    certificates: text('certificates')
      .split(/[\n,;]+/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  });
  if (!fields.success) throw invalid(fields.error);
  return {
    ...fields.data,
    attachments: await Promise.all(
      files
        .slice(0, filesMax)
        .map(async (f) => ({ name: f.name, mediaType: f.type, bytes: new Uint8Array(await f.arrayBuffer()) })),
    ),
  };
}
