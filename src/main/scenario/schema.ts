/**
 * The scenario file (`revocation-desk/scenario@2`, test/replays/SCHEMA.md). Closed on purpose: an unknown build,
 * parameter, channel, fault or placeholder is an error that names it, never something that is skipped in silence.
 * Only what the runner may read is in the parsed value: `expected` is kept apart for the checks.
 */
import { z } from 'zod';

const instant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'times are UTC, YYYY-MM-DDTHH:MM:SSZ');
const ref = z.string().min(1).max(200);
const duration = z.string().regex(/^P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/, 'an ISO 8601 duration');
const hexSerial = z.string().regex(/^[0-9a-f]{1,40}$/i);
const keyType = z.enum(['rsa-2048', 'p256']);
const served = z.strictObject({ url: z.url(), from: instant, until: instant.nullable() });
const profile = z.enum(['dv', 'ov', 'ev', 'smime', 'code-signing']);
const privateEncoding = z.enum(['pkcs8-pem', 'pkcs1-pem', 'sec1-pem', 'der', 'jwk']);
const refOrList = z.union([ref, z.array(ref)]);

const leafFields = {
  ref,
  names: z.array(z.string()).min(1),
  serial: hexSerial,
  subscriber: z.string(),
  key: z.string(),
  issuedAt: instant,
  notAfter: instant,
  profile,
  spki: z.enum(['plain', 'rsa-no-null', 'rsa-pss', 'ec-compressed', 'ec-explicit']).default('plain'),
  crl: z.boolean().default(true),
  ocsp: z.union([z.boolean(), z.literal('unauthorized')]).default(true),
};

const fixture = z.discriminatedUnion('build', [
  z.strictObject({ ref, build: z.literal('key'), type: keyType }),
  z.strictObject({
    ref,
    build: z.literal('weak-key'),
    class: z.enum(['debian', 'roca', 'fermat', 'shared-prime']),
    how: z.enum(['computed', 'blocklisted']),
    type: keyType.optional(),
  }),
  z.strictObject({ build: z.literal('leaf'), ...leafFields }),
  z.strictObject({ build: z.literal('precertificate'), ...leafFields }),
  z.strictObject({
    ref,
    build: z.literal('population'),
    count: z.number().int().min(1).max(10_000_000),
    key: z.string(),
    issuedAt: instant,
    notAfter: instant,
    subscriberCount: z.number().int().min(1).optional(),
    subscriber: z.string().optional(),
    tags: z.record(z.string(), z.number().int().min(0)).default({}),
    distinctKeys: z.number().int().min(1).optional(),
    profile: profile.default('dv'),
  }),
  z.strictObject({
    ref,
    build: z.literal('private-key'),
    key: z.string(),
    encoding: privateEncoding,
    count: z.number().int().min(1).max(100_000).optional(),
    servedAt: served.optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('encrypted-key'),
    key: z.string(),
    encoding: z.literal('pkcs8-encrypted-pem'),
    passphrase: z.string(),
    servedAt: served.optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('forged-key'),
    claims: z.string(),
    variant: z.enum(['private-foreign', 'd-foreign', 'pq-foreign', 'd-one']),
    encoding: privateEncoding,
    servedAt: served.optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('csr'),
    names: z.array(z.string()),
    key: z.string(),
    signedBy: z.string().optional(),
    statement: z.string().optional(),
    enrolled: z.boolean().optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('statement'),
    key: z.string(),
    text: z.string(),
    signedBy: z.string().optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('serial-list'),
    of: refOrList,
    format: z.enum(['csv', 'txt', 'hostnames']),
    take: z.number().int().min(1).optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('archive'),
    format: z.enum(['zip', 'tar.xz', 'tar.gz', '7z']),
    contains: z.array(ref),
    files: z.array(z.strictObject({ name: z.string(), text: z.string() })).default([]),
    servedAt: served.optional(),
  }),
  z.strictObject({
    ref,
    build: z.literal('request-stream'),
    count: z.number().int().min(1),
    every: duration,
    of: ref,
    asksFor: z.string().optional(),
    forms: z.record(z.string(), z.unknown()).default({}),
    text: z.string(),
  }),
  z.strictObject({
    ref,
    build: z.literal('report-stream'),
    count: z.number().int().min(1),
    every: duration,
    to: z.string(),
    folder: z.enum(['inbox', 'junk', 'quarantine']),
    reports: z.array(
      z.strictObject({
        count: z.number().int().min(1),
        of: ref,
        take: z.number().int().min(0),
        claims: z.string(),
        asksFor: z.string(),
        attach: z.union([z.boolean(), z.string()]).optional(),
        subject: z.string(),
        text: z.string(),
      }),
    ),
  }),
]);

export const channels = [
  'email',
  'form',
  'api',
  'phone',
  'letter',
  'ticket',
  'console',
  'acme',
  'public-tracker',
  'mail-gateway',
  'ca-system',
] as const;

const fault = z.strictObject({
  component: z.enum(['triage', 'revocation', 'publication', 'bulk-mail', 'pager']),
  mode: z.enum(['silent', 'refuse', 'slow']),
  perHour: z.number().positive().optional(),
  until: instant.optional(),
  repairAfterAlarmMinutes: z.number().min(0).optional(),
});

const staffAct = z.strictObject({
  action: z.enum(['schedule', 'hold', 'release', 'submit']),
  subjects: z.array(ref).default([]),
  afterMinutes: z.number().min(0).default(0),
  people: z.number().int().min(1).default(1),
  notBefore: instant.optional(),
  until: instant.optional(),
  basis: z.string().optional(),
});

const data = z.strictObject({
  from: z.string().optional(),
  to: z.array(z.string()).default([]),
  subject: z.string().optional(),
  attachments: z
    .array(
      z.strictObject({
        name: z.string(),
        mime: z.string(),
        contains: z.array(ref).default([]),
        text: z.string().optional(),
      }),
    )
    .default([]),
  subjects: z.array(ref).default([]),
  claims: z.string().nullable().optional(),
  asksFor: z.enum(['revoke', 'hold', 'more-time', 'investigate', 'issue', 'no-action']).nullable().optional(),
  about: z.union([z.number().int(), z.string()]).optional(),
  firstKnownAt: instant.nullable().optional(),
  smtp: z
    .strictObject({
      status: z.string(),
      deliveredTo: z.string().nullable(),
      folder: z.enum(['inbox', 'junk', 'quarantine']).nullable(),
      heldUntil: instant.nullable(),
    })
    .optional(),
  log: z
    .strictObject({
      about: z.union([z.number().int(), z.string()]),
      action: z.enum(['refuse', 'hold', 'move']),
      folder: z.string().nullable().optional(),
    })
    .optional(),
  forms: z.record(z.string(), z.unknown()).optional(),
  acme: z
    .strictObject({
      operation: z.literal('revokeCert'),
      certificate: ref,
      reason: z.number().int().nullable().optional(),
      signedBy: z.enum(['account', 'certificate-key']),
      authorisedFor: z.unknown().optional(),
    })
    .optional(),
  fault: fault.optional(),
  stream: ref.optional(),
  staff: staffAct.optional(),
  completes: z.strictObject({ challenge: z.literal('dns'), names: z.array(z.string()) }).optional(),
  onlyIf: z
    .strictObject({
      stillValid: z.array(ref).optional(),
      revoked: z.array(ref).optional(),
      unanswered: z.union([z.number().int(), z.string()]).optional(),
    })
    .optional(),
});

const event = z
  .object({
    seq: z.number().int(),
    at: instant,
    channel: z.enum(channels),
    feed: z.boolean(),
    text: z.string().default(''),
    data: data.prefault({}),
  })
  .transform(({ seq, at, channel, feed, text, data: d }) => ({ seq, at, channel, feed, text, data: d }));

const scenario = z.object({
  schema: z.literal('revocation-desk/scenario@2'),
  id: z.string().min(1),
  fixtures: z.array(fixture).default([]),
  events: z.array(z.unknown()),
  expected: z.record(z.string(), z.unknown()).optional(),
});

export type Fixture = z.infer<typeof fixture>;
export type FixtureOf<B extends Fixture['build']> = Extract<Fixture, { build: B }>;
export type ScenarioEvent = z.infer<typeof event>;
export type Fault = z.infer<typeof fault>;
export interface Scenario {
  readonly id: string;
  readonly fixtures: readonly Fixture[];
  /** Only events with `feed: true`: history is never fed, and so cannot be read either. */
  readonly events: readonly ScenarioEvent[];
  /** Read for the checks alone. */
  readonly expected: Readonly<Record<string, unknown>>;
}

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problem: string };

/** Reads one scenario; a problem is one sentence that names what is unknown or wrong. */
export function readScenario(json: unknown): ScenarioResult {
  const head = scenario.safeParse(json);
  if (!head.success) return { ok: false, problem: firstProblem(head.error, json) };
  const events: ScenarioEvent[] = [];
  for (const raw of head.data.events) {
    if (typeof raw !== 'object' || raw === null || (raw as { feed?: unknown }).feed !== true) continue;
    const parsed = event.safeParse(raw);
    if (!parsed.success)
      return { ok: false, problem: `event ${(raw as { seq?: unknown }).seq}: ${firstProblem(parsed.error, raw)}` };
    events.push(parsed.data);
  }
  const { id, fixtures, expected = {} } = head.data;
  events.sort((a, b) => (a.at === b.at ? a.seq - b.seq : a.at < b.at ? -1 : 1));
  return { ok: true, scenario: { id, fixtures, events, expected } };
}

function firstProblem(error: z.ZodError, input: unknown): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'it does not fit the schema';
  const path = issue.path.join('.');
  if (path.endsWith('build')) return `unknown build "${String(valueAt(input, issue.path))}" at ${path}`;
  if (path === 'channel') return `unknown channel "${String(valueAt(input, issue.path))}"`;
  if (path.includes('fault')) return `unknown fault "${String(valueAt(input, issue.path))}" at ${path}`;
  return `${path === '' ? 'the file' : path}: ${issue.message}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}
