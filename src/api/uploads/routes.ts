/**
 * A report that is sent in pieces and goes on where it broke off. What is uploaded is the body that `POST
 * /api/v1/reports` would take, whole, and it becomes a report when its last byte is here.
 * Header fields as in draft-ietf-httpbis-resumable-upload (Upload-Offset, Upload-Length, Upload-Complete, Upload-Limit);
 * the secret in a field of its own (Upload-Secret), because paths end up in logs.
 */
import type { Context, Env, Hono } from 'hono';
import { hashOf, makeSecret, sameText } from '../access/secrets.ts';
import { ReportAccepted } from '../contract/index.ts';
import { notFound, ProblemError } from '../problem.ts';
import { reportBytesMax } from '../reports/read-request.ts';
import { type ReceiveOptions, receiveBody, remoteAddressOf } from '../reports/receive.ts';
import { openPiece, pieceKey, sealPiece } from './chunk-seal.ts';
import type { Upload, UploadStore } from './store.ts';

export const uploadsPath = '/api/v1/uploads';
/** Bytes of one piece: what is sent again, at most, when a connection breaks. */
export const pieceBytesMax = 1024 * 1024;
const mediaTypeMax = 300;
const pieceType = 'application/partial-upload';
const answerPlace = 'answer';

export function addUploadRoutes<E extends Env>(
  app: Hono<E>,
  { uploads, receive }: { uploads: UploadStore; receive: ReceiveOptions },
): void {
  app.post(uploadsPath, async (context) => {
    const length = wholeNumber(context, 'upload-length');
    if (length > reportBytesMax) throw tooLarge(length, receive.contact);
    if (length === 0) throw new ProblemError(422, 'empty', 'The upload is empty.');
    const mediaType = context.req.header('content-type') ?? '';
    if (mediaType === '' || mediaType.length > mediaTypeMax)
      throw new ProblemError(415, 'media_type', 'Say in Content-Type what the whole upload will be.');
    const now = receive.time.now();
    if (!receive.rate.admits(remoteAddressOf(context), now)) throw turnedAway(429, 'too_many_reports', receive.contact);
    const uploadId = makeSecret().slice(0, 22);
    const secret = makeSecret();
    if (!(await uploads.begin({ uploadId, secretHash: hashOf(secret), mediaType, length }, now)))
      throw turnedAway(503, 'uploads_full', receive.contact);
    context.header('location', `${uploadsPath}/${uploadId}`);
    context.header('upload-secret', secret);
    describe(context, { offset: 0, length, answer: null });
    return context.body(null, 201);
  });

  // Hono answers HEAD by the handler of GET, without its body.
  app.get(`${uploadsPath}/:uploadId`, async (context) => {
    const { upload } = await theirs(context, uploads);
    describe(context, upload);
    return context.body(null, 204);
  });

  app.patch(`${uploadsPath}/:uploadId`, async (context) => {
    const { upload, secret } = await theirs(context, uploads);
    if (context.req.header('content-type') !== pieceType)
      throw new ProblemError(415, 'media_type', `Send a piece of an upload as ${pieceType}.`);
    const offset = wholeNumber(context, 'upload-offset');
    const key = pieceKey(secret, upload.uploadId);
    if (upload.answer !== null && offset === upload.length) {
      describe(context, upload);
      return context.json(ReportAccepted.parse(JSON.parse(openPiece(key, answerPlace, upload.answer).toString())));
    }
    const piece = new Uint8Array(await context.req.arrayBuffer());
    if (piece.length > pieceBytesMax)
      throw new ProblemError(413, 'piece_too_large', `A piece of an upload may carry ${pieceBytesMax} bytes.`);
    const stands = await append({ uploads, receive }, upload, { offset, piece, key });
    if (stands < upload.length) {
      describe(context, { ...upload, offset: stands });
      return context.body(null, 204);
    }
    const accepted = await complete(context, { uploads, receive }, upload, key);
    describe(context, { ...upload, offset: stands, answer: Buffer.alloc(0) });
    return context.json(accepted);
  });
}

interface Parts {
  readonly uploads: UploadStore;
  readonly receive: ReceiveOptions;
}

/** Answers where the upload stands after the piece. An empty piece at the end asks again for what failed there. */
async function append(
  { uploads, receive }: Parts,
  upload: Upload,
  { offset, piece, key }: { offset: number; piece: Uint8Array; key: ReturnType<typeof pieceKey> },
): Promise<number> {
  if (offset !== upload.offset) throw standsElsewhere(upload.offset);
  if (piece.length === 0) return offset;
  if (offset + piece.length > upload.length)
    throw new ProblemError(422, 'beyond_the_end', `The upload was announced with ${upload.length} bytes.`);
  const sealed = sealPiece(key, String(offset), piece);
  if (await uploads.append(upload.uploadId, { offset, bytes: piece.length, sealed }, receive.time.now()))
    return offset + piece.length;
  throw standsElsewhere((await uploads.find(upload.uploadId))?.offset ?? 0);
}

/** The pieces are dropped only when the desk has the report. Done twice, it is one report: same bytes, same identity. */
async function complete(
  context: Context,
  { uploads, receive }: Parts,
  upload: Upload,
  key: ReturnType<typeof pieceKey>,
): Promise<ReportAccepted> {
  const pieces = await uploads.pieces(upload.uploadId);
  const body = Buffer.concat(pieces.map(({ offset, sealed }) => openPiece(key, String(offset), sealed)));
  const channel = upload.mediaType.toLowerCase().startsWith('multipart/') ? 'web-form' : 'api';
  const request = new Request('http://upload.invalid/', {
    method: 'POST',
    headers: { 'content-type': upload.mediaType },
    body,
  });
  const accepted = await receiveBody(
    request,
    // It was counted when it began.
    { remoteAddress: remoteAddressOf(context), channel, admitted: () => true },
    receive,
  );
  const answer = sealPiece(key, answerPlace, Buffer.from(JSON.stringify(accepted)));
  await uploads.finish(upload.uploadId, answer, receive.time.now());
  return accepted;
}

/** An upload that is not there and a wrong secret look the same. */
async function theirs(context: Context, uploads: UploadStore): Promise<{ upload: Upload; secret: string }> {
  const secret = context.req.header('upload-secret') ?? '';
  const upload = await uploads.find(context.req.param('uploadId') ?? '');
  if (upload === null || !sameText(hashOf(secret), upload.secretHash)) throw notFound('upload');
  return { upload, secret };
}

function describe(context: Context, upload: Pick<Upload, 'offset' | 'length' | 'answer'>): void {
  context.header('upload-offset', String(upload.offset));
  context.header('upload-length', String(upload.length));
  context.header('upload-complete', upload.answer === null ? '?0' : '?1');
  context.header('upload-limit', `max-size=${reportBytesMax}, max-append-size=${pieceBytesMax}`);
}

function wholeNumber(context: Context, name: string): number {
  const value = context.req.header(name) ?? '';
  if (!/^\d{1,15}$/.test(value)) throw new ProblemError(400, 'header_missing', `Send ${name} as a number of bytes.`);
  return Number(value);
}

function standsElsewhere(offset: number): ProblemError {
  return new ProblemError(409, 'other_offset', `The upload stands at byte ${offset}; go on from there.`, {
    headers: { 'upload-offset': String(offset) },
  });
}

function tooLarge(length: number, contact: string): ProblemError {
  const mebibytes = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
  return new ProblemError(
    413,
    'too_large',
    `These are ${mebibytes(length)} MiB and a report may hold ${mebibytes(reportBytesMax)} MiB: leave a file out, or write to ${contact} with a link to it.`,
  );
}

function turnedAway(status: 429 | 503, code: string, contact: string): ProblemError {
  return new ProblemError(
    status,
    code,
    `Too many uploads for now. Use the form at /report, or write to ${contact}; mail is always taken.`,
    { headers: { 'retry-after': '600' } },
  );
}
