/**
 * The OpenAPI 3.1 document, made from the same table as routes and client. `node src/api/openapi.ts` writes
 * `openapi.json` beside this file; a test fails when what is checked in is not current.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type Endpoint, endpoints } from './contract/endpoints.ts';
import * as contract from './contract/index.ts';
import { feedPath, type OperationName, paths } from './contract/paths.ts';
import { uploadOperations } from './uploads/openapi.ts';

type Json = { [key: string]: unknown };

export function openApi(): Json {
  const operations: Record<string, Json> = {};
  for (const [name, [method, path]] of Object.entries(paths) as [OperationName, readonly [string, string]][]) {
    operations[path] = { ...operations[path], [method.toLowerCase()]: operation(name, method, path, endpoints[name]) };
  }
  operations[feedPath] = { get: feed };
  Object.assign(operations, uploadOperations);
  const ordered = Object.fromEntries(Object.entries(operations).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rescind',
      version: '1',
      description:
        'The revocation desk. Keys are always present; unknown is null, none is []. Times are RFC 3339 UTC, whole seconds, Z.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: ordered,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'API token with scopes.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'rescind',
          description: 'Browser session; acts also need X-CSRF-Token.',
        },
      },
    },
  };
}

function operation(name: string, method: string, path: string, endpoint: Endpoint): Json {
  const words = [...path.matchAll(/\{(\w+)\}/g)].map(([, word]) => ({
    name: word,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const acts = method !== 'GET';
  return {
    operationId: name,
    summary: endpoint.summary,
    security: securityOf(endpoint.scope),
    parameters: [
      ...words,
      ...queryParameters(endpoint.query),
      ...(acts
        ? [header('Idempotency-Key', 'The same key is the same act: a second call answers like the first.')]
        : []),
      ...(name === 'commandCase'
        ? [header('If-Match', 'The ETag of the case that was looked at; 412 when it has changed.')]
        : []),
    ],
    ...(endpoint.body === undefined ? {} : { requestBody: { required: true, content: json(refTo(endpoint.body)) } }),
    responses: {
      [String(endpoint.status ?? 200)]: { description: 'Done.', content: json(refTo(endpoint.answer)) },
      default: {
        description: 'A problem; nothing was changed unless it says so.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function securityOf(scope: Endpoint['scope']): Json[] {
  if (scope === 'none') return [];
  return scope === 'self' ? [{ session: [] }] : [{ token: [scope] }, { session: [] }];
}

const feed: Json = {
  operationId: 'followChanges',
  summary:
    'Change feed (text/event-stream): `change` with the sequence number as id, and `tick` with the server’s time.',
  security: [{ token: ['read'] }, { session: [] }],
  parameters: [header('Last-Event-ID', 'Replays everything after this sequence number.')],
  responses: { '200': { description: 'Events.', content: { 'text/event-stream': { schema: { type: 'string' } } } } },
};

function header(name: string, description: string): Json {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function queryParameters(query: z.ZodType | undefined): Json[] {
  if (query === undefined) return [];
  const schema = z.toJSONSchema(query, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' }) as {
    properties?: Record<string, Json>;
    $defs?: Record<string, Json>;
  };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: false,
    schema: relink(property),
  }));
}

/** Every exported schema that has an id, as a component; they refer to each other by name. */
function componentSchemas(): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const schema of Object.values(contract)) {
    if (!(schema instanceof z.ZodType)) continue;
    const id = z.globalRegistry.get(schema)?.id;
    if (id === undefined) continue;
    const made = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }) as Json;
    const { $schema: _dialect, $defs = {}, ...rest } = made as Json & { $defs?: Record<string, Json> };
    // A schema with an id comes as a reference to its own definition; what is wanted is the definition.
    if (!('$ref' in rest)) found[id] = relink(rest);
    for (const [name, inner] of Object.entries($defs)) found[name] ??= relink(inner);
  }
  for (const made of Object.values(found)) delete made.id;
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function refTo(schema: z.ZodType): Json {
  const id = z.globalRegistry.get(schema)?.id;
  if (id === undefined) throw new Error('every body and answer has an id in the contract');
  return { $ref: `#/components/schemas/${id}` };
}

function relink<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')) as T;
}

if (import.meta.main) {
  writeFileSync(new URL('openapi.json', import.meta.url), `${JSON.stringify(openApi(), null, 2)}\n`);
}
