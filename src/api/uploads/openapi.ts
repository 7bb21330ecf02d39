/** Uploads in the OpenAPI document: they speak in header fields, which the table of operations has no words for. */

type Json = { [key: string]: unknown };

const field = (name: string, description: string): Json => ({
  ...{ name, in: 'header', required: true, description },
  schema: { type: 'string' },
});
const id = { name: 'uploadId', in: 'path', required: true, schema: { type: 'string' } };
const secret = field('Upload-Secret', 'As the answer to the first call gave it. The desk does not keep it.');
const said = (description: string, ...names: string[]): Json => ({
  description,
  headers: Object.fromEntries(names.map((name) => [name, { schema: { type: 'string' } }])),
});
const stands = ['Upload-Offset', 'Upload-Length', 'Upload-Complete', 'Upload-Limit'];
const problem = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});
const otherwise = { default: problem('A problem; nothing was stored.') };

export const uploadOperations: Record<string, Json> = {
  '/api/v1/uploads': {
    post: {
      operationId: 'beginUpload',
      summary: 'Begin a report that is sent in pieces and goes on where it broke off.',
      security: [],
      parameters: [
        field('Upload-Length', 'Bytes of the whole.'),
        field('Content-Type', 'Of the whole: what POST /api/v1/reports would take.'),
      ],
      responses: { '201': said('Begun.', 'Location', 'Upload-Secret', ...stands), ...otherwise },
    },
  },
  '/api/v1/uploads/{uploadId}': {
    head: {
      operationId: 'getUpload',
      summary: 'Where an upload stands.',
      security: [],
      parameters: [id, secret],
      responses: { '204': said('Go on from Upload-Offset.', ...stands), ...otherwise },
    },
    patch: {
      operationId: 'appendToUpload',
      summary: 'Send the next piece. With the last byte the report is taken; sent again, it gets the same answer.',
      security: [],
      parameters: [id, secret, field('Upload-Offset', 'Where this piece begins.')],
      requestBody: {
        required: true,
        content: { 'application/partial-upload': { schema: { type: 'string', format: 'binary' } } },
      },
      responses: {
        '200': {
          description: 'All is here and the report is durable.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/ReportAccepted' } } },
        },
        '204': said('The piece is durable.', ...stands),
        '409': problem('The upload stands elsewhere: at Upload-Offset of this answer.'),
        ...otherwise,
      },
    },
  },
};
