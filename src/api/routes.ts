/**
 * The HTTP face of the desk: REST under /api/v1, the change feed, health, the question that CAs ask before issuance,
 * and the console. Handlers are one call each; everything that decides sits behind `DeskPort`.
 */
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { rfc3339, type Time } from '../foundation/time/time.ts';
import { type Access, nobody, type Visitor } from './access/access.ts';
import { addAccountRoutes } from './account-routes.ts';
import { mustBePerson, mustBeTheirs, mustHave, personActs } from './authority.ts';
import { addBlockedKeyRoutes, type BlockedKeyList } from './blocked-keys-routes.ts';
import { commonHeaders, createConsole } from './console.ts';
import { type Answer, endpoints } from './contract/endpoints.ts';
import type * as c from './contract/index.ts';
import { feedPath, type OperationName, paths } from './contract/paths.ts';
import { createFeed } from './feed.ts';
import { addHouseRoutes } from './house-routes.ts';
import { Idempotency, type KeptAnswers } from './idempotency.ts';
import type { CommandContext, DeskPort, Principal } from './port.ts';
import { PresenceBook } from './presence.ts';
import { done, invalid, notFound, ProblemError, problemResponse } from './problem.ts';
import { addPublicPages, type PublicSite } from './public-pages/index.ts';
import { reportSchemas, schemasPath } from './report-schemas.ts';
import { ReportRate } from './reports/rate.ts';
import { type ReceiveOptions, receiveReport } from './reports/receive.ts';
import { addUploadRoutes } from './uploads/routes.ts';
import type { UploadStore } from './uploads/store.ts';

export type { PublicSite } from './public-pages/index.ts';

export interface ApiOptions {
  readonly desk: DeskPort;
  readonly time: Time;
  readonly access: Access;
  /** Folder of the built console (`dist/web`); null serves the API alone. */
  readonly webRoot: string | null;
  /** Shown in the console's header. */
  readonly deskName: string;
  /** True for demo and drills: the screen says that its clock is not the wall's. */
  readonly virtualTime: boolean;
  readonly tickMs?: number;
  /** Who runs the desk, for the public pages; null serves none and takes reports by the API only. */
  readonly site?: PublicSite | null;
  /** Keeps reports that are sent in pieces; without it none are taken. */
  readonly uploads?: UploadStore;
  /** The list of blocked keys for systems that issue; without it only single keys are answered. */
  readonly blockedKeys?: BlockedKeyList;
  /** Keeps answers over a restart; null keeps them in memory alone. */
  readonly answers?: KeptAnswers | null;
  /** Told of every failure that is ours; logs ids, never bodies. */
  readonly onError?: (error: unknown, at: { method: string; path: string }) => void;
}

/** Largest body of a command. Reports have a bound of their own. */
const commandBytesMax = 2 * 1024 * 1024;

/** Acts whose answer is kept in the database: none of them holds a secret. */
const durable: ReadonlySet<OperationName> = new Set(['commandCase', 'decideProposal', 'publishPolicy', 'decidePolicy']);

interface Env {
  Variables: { visitor: Visitor };
}

export interface Asked<N extends OperationName> {
  readonly path: (word: string) => string;
  readonly query: QueryOf<N>;
  readonly body: BodyOf<N>;
  readonly who: Principal;
  readonly visitor: Visitor;
  readonly context: CommandContext;
  readonly etag: (seq: number) => void;
}

/** Registers the handler of one operation of the contract. */
export type On = <N extends OperationName>(name: N, handle: (asked: Asked<N>) => Promise<Answer<N>>) => void;

export function createApi(options: ApiOptions): Hono<Env> {
  const { desk, time, access } = options;
  const app = new Hono<Env>();
  const idempotency = new Idempotency(options.answers ?? null);
  const presence = new PresenceBook();

  app.onError((error, context) => {
    if (!(error instanceof ProblemError))
      options.onError?.(error, { method: context.req.method, path: context.req.path });
    return problemResponse(context, error);
  });
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(commonHeaders)) context.res.headers.set(name, value);
  });
  app.use('/api/*', async (context, next) => {
    const visitor = await access.visitor(context.req.raw);
    context.set('visitor', visitor);
    context.header('cache-control', 'no-store');
    const renewed = (await access.renew?.(context.req.raw, visitor)) ?? null;
    if (renewed !== null) context.header('set-cookie', renewed);
    await next();
  });
  app.use('/api/*', async (context, next) => {
    if (context.req.path === paths.report[1]) return next();
    return bodyLimit({
      maxSize: commandBytesMax,
      onError: () => {
        throw new ProblemError(413, 'too_large', `A request may carry ${commandBytesMax} bytes.`);
      },
    })(context, next);
  });

  /** Registers one operation of the contract: authority, parsing, idempotency and ETag are the same for all. */
  function on<N extends OperationName>(name: N, handle: (asked: Asked<N>) => Promise<Answer<N>>): void {
    const [method, path] = paths[name];
    const endpoint: (typeof endpoints)[N] & { query?: z.ZodType; body?: z.ZodType; status?: 201 | 202 } =
      endpoints[name];
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
      const visitor = context.get('visitor') ?? nobody;
      if (endpoint.scope !== 'none') mustHave(visitor, endpoint.scope, method, context.req.raw);
      const query = endpoint.query === undefined ? {} : parse(endpoint.query, context.req.query());
      const body = endpoint.body === undefined ? null : parse(endpoint.body, await readJson(context.req.raw));
      const who = visitor.principal ?? { id: 'public', name: 'public', teams: [] };
      const key = context.req.header('idempotency-key') ?? null;
      let etag: string | null = null;
      const asked: Asked<N> = {
        path: (word) => context.req.param(word) ?? '',
        query: query as QueryOf<N>,
        body: body as BodyOf<N>,
        who,
        visitor,
        context: { by: who, expectedSeq: expectedSeq(context.req.header('if-match')), idempotencyKey: key },
        etag: (seq) => {
          etag = `"${seq}"`;
        },
      };
      const run = () => handle(asked);
      const answer =
        method === 'GET'
          ? await run()
          : await idempotency.once(
              who.id,
              key,
              { path: context.req.path, content: body, durable: durable.has(name) },
              run,
            );
      if (etag !== null) {
        context.header('etag', etag);
        if (method === 'GET' && context.req.header('if-none-match') === etag) return context.body(null, 304);
      }
      return context.json(answer as object, endpoint.status ?? 200);
    });
  }

  on('getMe', ({ visitor }) => me(visitor, options));
  on('getBoard', ({ query }) => desk.board(query));
  on('getInbox', ({ query }) => desk.inbox(query));
  on('getCase', async ({ path, etag }) => {
    const found = exists(await desk.readCase(path('caseId')), 'case');
    etag(found.seq);
    return found;
  });
  on('lookAtCase', async ({ path, body, who }) => presence.look(path('caseId'), who, body, time.now()));
  on('getCertificates', async ({ path, query }) =>
    exists(await desk.certificates(path('caseId'), path('matterId'), query), 'matter'),
  );
  on('getMessage', async ({ path }) => exists(await desk.message(path('caseId'), path('reportId')), 'report'));
  on('getUpcomingLetters', async ({ path }) => exists(await desk.upcomingLetters(path('caseId')), 'case'));
  on('getLetter', async ({ path }) => exists(await desk.letter(path('caseId'), path('letterId')), 'letter'));
  on('getContacts', async ({ path }) => exists(await desk.caseContacts(path('caseId')), 'case'));
  on('getIncident', async ({ path }) => exists(await desk.incident(path('caseId')), 'case'));
  on('search', ({ query }) => desk.search(query));
  on('getChannels', () => desk.channels());
  on('getBlockedKeys', ({ query }) => desk.blockedKeys(query));
  on('getBlockedKey', ({ path }) => desk.blockedKey(spkiOf(path('spkiSha256'))));
  on('getConnectors', () => desk.connectors());
  on('getLadders', ({ query }) => desk.ladders(query));
  on('getLog', ({ query }) => desk.log(query));
  on('getProposals', () => desk.proposals());
  on('commandCase', async ({ path, body, context, who }) => {
    if (personActs.has(body.do)) mustBePerson(who);
    mustBeTheirs(who, body);
    return done(await desk.command(path('caseId'), body, context), 'case');
  });
  on('decideProposal', async ({ path, body, context, who }) => {
    mustBePerson(who);
    return done(await desk.decideProposal(path('proposalId'), body, context), 'proposal');
  });
  addHouseRoutes(on, { desk, time });
  addAccountRoutes(on, { access, desk, time });

  const receive: ReceiveOptions = {
    desk,
    time,
    rate: new ReportRate(),
    contact: options.site?.contact ?? 'us by mail',
  };
  access.addRoutes?.(app as unknown as Hono);
  app.post(paths.report[1], async (context) => context.json(await receiveReport(context, 'api', receive), 202));
  const { site = null, uploads, blockedKeys } = options;
  if (blockedKeys !== undefined) addBlockedKeyRoutes(app, blockedKeys);
  if (uploads !== undefined) addUploadRoutes(app, { uploads, receive });
  if (site !== null) addPublicPages(app, { desk, time, site, receive, resumable: uploads !== undefined });

  const feed = createFeed({ desk, time, tickMs: options.tickMs ?? 5000 });
  app.get(feedPath, (context) => {
    mustHave(context.get('visitor') ?? nobody, 'read', 'GET', context.req.raw);
    return feed(context);
  });

  app.get('/api/v1/openapi.json', async (context) => {
    context.header('content-type', 'application/json');
    return context.body(await readFile(new URL('openapi.json', import.meta.url), 'utf8'));
  });
  app.get(`${schemasPath}/:file`, (context) => {
    const schema = reportSchemas[context.req.param('file')];
    if (schema === undefined) throw notFound('schema');
    context.header('content-type', 'application/schema+json');
    return context.body(JSON.stringify(schema, null, 2));
  });
  app.get('/healthz', (context) => context.json({ ok: true, now: rfc3339(time.now()) }));
  app.get('/readyz', async (context) => {
    const missing = await desk.notReady();
    return context.json({ ok: missing === null, missing: missing ?? [] }, missing === null ? 200 : 503);
  });
  app.all('/api/*', () => {
    throw notFound('address in this API');
  });
  if (options.webRoot !== null) app.get('*', createConsole(options.webRoot));
  return app;
}

type QueryOf<N extends OperationName> = (typeof endpoints)[N] extends { readonly query: infer S extends z.ZodType }
  ? z.output<S>
  : Record<string, never>;
type BodyOf<N extends OperationName> = (typeof endpoints)[N] extends { readonly body: infer S extends z.ZodType }
  ? z.output<S>
  : null;

async function me(visitor: Visitor, options: ApiOptions): Promise<c.Me> {
  const { principal, scopes, session } = visitor;
  const passkeys = session === null ? null : await options.access.account?.passkeys(session.personId);
  return {
    now: rfc3339(options.time.now()),
    person: principal?.id ?? null,
    name: principal?.name ?? '',
    roles: [...visitor.roles],
    teams: [...(principal?.teams ?? [])],
    may: {
      read: scopes.has('read'),
      act: scopes.has('act'),
      audit: scopes.has('audit'),
      policy: scopes.has('policy'),
      administer: scopes.has('administer'),
    },
    signIn: options.access.signIn,
    ways: [...options.access.ways],
    passkeys: passkeys?.length ?? null,
    csrf: visitor.csrf,
    desk: { name: options.deskName, virtualTime: options.virtualTime },
  };
}

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const read = schema.safeParse(value);
  if (!read.success) throw invalid(read.error);
  return read.data;
}

async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  if (!type.startsWith('application/json')) throw new ProblemError(415, 'media_type', 'Send application/json.');
  try {
    return await request.json();
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(400, 'not_json', 'The body is not JSON.');
  }
}

function expectedSeq(header: string | undefined): number | null {
  const found = /^"(\d{1,15})"$/.exec(header ?? '');
  if (header !== undefined && found === null)
    throw new ProblemError(400, 'if_match_unreadable', 'If-Match is the ETag of the case, for example "17".');
  return found === null ? null : Number(found[1]);
}

function spkiOf(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new ProblemError(400, 'not_a_key_hash', 'Ask with the lower-case hex SHA-256 of the SubjectPublicKeyInfo.');
}

function exists<T>(found: T | null, what: string): T {
  if (found === null) throw notFound(what);
  return found;
}
