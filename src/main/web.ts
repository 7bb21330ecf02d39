/** The console and the API of one desk on one port. */
import { randomBytes } from 'node:crypto';
import { access as canRead, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { localAccess } from '../api/access/access.ts';
import { linkAccess } from '../api/access/link-access.ts';
import type { OidcSettings } from '../api/access/oidc.ts';
import { postgresAccessStore } from '../api/access/postgres.ts';
import type { PublicSite } from '../api/public-pages/index.ts';
import { createApi } from '../api/routes.ts';
import { postgresUploads } from '../api/uploads/store.ts';
import { Fault } from '../foundation/fault.ts';
import { publishedEvidencePolicy } from '../stages/evidence/policy.ts';
import { renewalInfoRoutes } from '../stages/renewal-info/index.ts';
import { postgresAnswers } from './approvals-store.ts';
import { channelDoors } from './channels.ts';
import type { Config } from './config.ts';
import { gatewayDoor } from './gateway-door.ts';
import { deskPort } from './port/desk-port.ts';
import { houseLog } from './port/house-log.ts';
import { linkSecret } from './port/links.ts';
import { subscriberApi } from './subscriber-api.ts';
import { takePages } from './take-page.ts';
import type { Desk } from './wiring.ts';

async function oidcOf(settings: Config['http']['oidc']): Promise<OidcSettings | null> {
  if (settings === null) return null;
  const { clientSecretFile, ...rest } = settings;
  const clientSecret = clientSecretFile === null ? null : (await readFile(clientSecretFile, 'utf8')).trim();
  return { ...rest, clientSecret };
}

export interface Listening {
  readonly url: string;
  /** Where the first administrator signs in; null once somebody has, or where nobody has to. */
  readonly firstLink: string | null;
  close(): Promise<void>;
}

const built = fileURLToPath(new URL('../../dist/web', import.meta.url));

/** Faults: `port_in_use`, with what to do about it. */
export async function serveWeb(
  desk: Desk,
  where: { readonly host: string; readonly port: number; readonly virtualTime: boolean },
): Promise<Listening> {
  const secret = await linkSecret(desk.config.dataFolder);
  const record = houseLog(desk.store, desk.time);
  const port = deskPort(desk, secret, record);
  // The first reader of a board of thousands does not wait for all of it to be replayed.
  void port.board({ limit: 1 }).catch(() => undefined);
  const webRoot = await canRead(built).then(
    () => built,
    () => null,
  );
  const { http, ca } = desk.config;
  const origin = http.publicUrl?.replace(/\/+$/, '') ?? `http://localhost:${where.port}`;
  const site: PublicSite = {
    caName: ca.owner,
    contact: desk.parts.sender.replyAddress,
    publicUrl: origin,
    policyUrl: http.policyUrl,
    evidence: publishedEvidencePolicy,
  };
  const people =
    http.access === 'local'
      ? null
      : linkAccess({
          ...{ store: postgresAccessStore(desk.pool), time: desk.time, origin, site, record },
          passkeyRequired: http.access === 'passkey',
          oidc: await oidcOf(http.oidc),
        });
  const firstLink = people === null ? null : await people.firstLink();
  const access = people ?? localAccess({ name: 'local', mayAct: true, csrf: randomBytes(16).toString('hex') });
  const api = createApi({
    desk: port,
    time: desk.time,
    access,
    site,
    webRoot,
    deskName: desk.config.ca.owner,
    virtualTime: where.virtualTime,
    uploads: postgresUploads(desk.pool),
    blockedKeys: desk.blocked,
    answers: postgresAnswers(desk.pool, desk.time),
    onError: (error, at) =>
      desk.log.error({ ...at, error: error instanceof Error ? error.message : 'unknown' }, 'A request failed.'),
  });
  const app = new Hono();
  app.route('/', renewalInfoRoutes(desk.renewal, desk.time));
  app.route('/', takePages(desk, secret));
  app.route('/', channelDoors(desk, access));
  app.route('/', gatewayDoor(desk));
  app.route('/', subscriberApi(desk));
  app.route('/', api as unknown as Hono);
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port: where.port, hostname: where.host }, (info) => {
      resolve({
        firstLink,
        url: `http://${where.host === '127.0.0.1' ? 'localhost' : where.host}:${info.port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new Fault(
          'port_in_use',
          `Port ${where.port} is in use. Stop what listens there, or choose another with --port.`,
          { cause: error },
        ),
      );
    });
  });
}
