/**
 * The one configuration file of a desk (YAML or JSON). Everything has a default that works on a laptop; what only an
 * operator can know (addresses, the CA's software, who is on call) is asked for by `rescind config check` in words.
 */
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Role } from '../api/contract/index.ts';
import { automationShape } from './automation-policies.ts';
import { canariesShape } from './canaries.ts';
import { channelProblems, channelsShape } from './channels.ts';
import { configuredPolicy } from './configured-policy.ts';
import { dkimShape, mailProblems, relayShape } from './mail-relay.ts';
import { onCallProblems, onCallShape } from './on-call.ts';
import { publishedShape } from './published-contacts.ts';

/** A configuration file larger than this is not one. */
const bytesMax = 1_000_000;

const isZone = (name: string): boolean => {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId !== '';
  } catch {
    return false;
  }
};

const port = z.number().int().min(0).max(65_535);
const hoursField = z.number().positive().max(168);

/** Sign-in by the house's own identity provider. */
const oidcShape = z.strictObject({
  issuer: z.url(),
  clientId: z.string().min(1),
  clientSecretFile: z.string().nullable().default(null),
  /** On the button. */
  name: z.string().min(1).max(60).default('single sign-on'),
  rolesClaim: z.string().default('groups'),
  /** Group to roles; empty: invited people only. */
  roles: z.record(z.string(), z.array(Role).min(1)).default({}),
});

const shape = z.strictObject({
  /** Where the embedded database, the sealing identities and the built console live. */
  dataFolder: z.string().min(1).default('data'),
  /** Any PostgreSQL 15 or newer; null starts the embedded one in the data folder. */
  databaseUrl: z.string().startsWith('postgres').nullable().default(null),
  http: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(8080),
      publicUrl: z.url().nullable().default(null),
      /**
       * `link`: people sign in by one-time link or passkey. `passkey`: a link only lets them add a passkey. `local`: no
       * sign-in, and only names of this machine are answered.
       */
      access: z.enum(['local', 'link', 'passkey']).default('local'),
      oidc: oidcShape.nullable().default(null),
      /** Where the certification practice statement is published; named on the public pages. */
      policyUrl: z.url().nullable().default(null),
    })
    .prefault({}),
  smtp: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(2525),
      /** LMTP for a local MTA; null listens to none. */
      lmtpPort: port.nullable().default(null),
      bytesMax: z.number().int().min(1_000_000).default(50_000_000),
    })
    .prefault({}),
  intake: z
    .strictObject({
      /** Host names of the CA's own mail servers, as they write themselves into `Received: … by`. */
      trustedHosts: z.array(z.string().min(1)).default(['mx.ca.example']),
      /** Mail from these domains is staff mail: what they forward was received earlier. */
      staffDomains: z.array(z.string().min(1)).default(['ca.example']),
      /** Addresses of root programs whose notices bind (MS TRP 2.1.13). */
      rootPrograms: z.array(z.string()).default([]),
      /** Folders of .eml or mbox files that are read once and then watched. */
      folders: z.array(z.string()).default([]),
      /** Secrets with which the mail gateway signs its log lines; none: no lines are taken. */
      gatewaySecrets: z.array(z.string().min(16)).max(10).default([]),
      /** IANA zones in which staff write wall-clock times into notes of calls. */
      staffZones: z.array(z.string().refine(isZone, 'is no IANA time zone')).max(50).default([]),
    })
    .prefault({}),
  mail: z
    .strictObject({
      from: z.string().min(3).default('Certificate problem reports <problem-reporting@ca.example>'),
      /**
       * A mailbox of ours that the desk reads. A control letter goes there behind letters to subscribers; when it does not
       * come back, people are alarmed. Null: letters are not checked.
       */
      controlAddress: z.string().nullable().default(null),
      /**
       * Answers to letters go to an address that names the case, `reports+…@ca.example`, so that they find it even when a
       * mail program drops the references. The mail server in front has to deliver such addresses.
       */
      signedReplies: z.boolean().default(true),
      /** The relay our letters leave by; null writes them to files (a laptop without a relay). */
      relay: relayShape.nullable().default(null),
      /** Signs every letter, so that its reader's server can tell it from a forgery (RFC 6376); null: the relay signs. */
      dkim: dkimShape.nullable().default(null),
    })
    .prefault({}),
  ca: z
    .strictObject({
      owner: z.string().default('Example Trust'),
      ccadbId: z
        .string()
        .regex(/^A\d{6}$/, 'a CCADB unique id is the letter A and six digits')
        .default('A000000'),
      connector: z.string().default('lab'),
      /** Settings of the connector; its own schema checks them. */
      settings: z.record(z.string(), z.unknown()).default({}),
      /** Files with the issuing CAs' certificates, PEM or DER: under their keys CRLs and OCSP answers are verified. */
      issuers: z.array(z.string().min(1)).max(1_000).default([]),
    })
    .prefault({}),
  labCa: z
    .strictObject({
      enabled: z.boolean().default(true),
      port: port.default(8090),
      automation: automationShape,
      acme: z
        .strictObject({
          /** `network`: names are validated as RFC 8555 asks. `none`: whoever asks gets; for a closed lab only. */
          validation: z.enum(['network', 'none']).default('network'),
          /** DNS servers as `host:port`; null asks those of the system. */
          dnsServers: z.array(z.string().min(1)).nullable().default(null),
          /** Where http-01 and tls-alpn-01 knock; other ports than these are for a lab. */
          httpPort: port.default(80),
          tlsPort: port.default(443),
          /** Names of this CA in CAA records. */
          caaIdentities: z.array(z.string().min(1)).default(['ca.example']),
          /** Serves ACME over https too; null leaves it to http on the loopback address. */
          https: z.strictObject({ port, keyFile: z.string(), certificateFile: z.string() }).nullable().default(null),
        })
        .prefault({}),
    })
    .prefault({}),
  /** What ARI tells clients (RFC 9773 section 4.3.2 lets them keep to between one minute and one day). */
  renewalInfo: z
    .strictObject({
      /** How long a client waits before it asks again, on ordinary days: this is how late it hears of a case. */
      askAgainMinutes: z.number().min(1).max(1440).default(360),
      /** The same for a certificate of a case. */
      askAgainUrgentMinutes: z.number().min(1).max(1440).default(60),
      /** Connect to the names of certificates that should be replaced and see what they serve. */
      lookAtServed: z.boolean().default(false),
    })
    .prefault({}),
  /** May only shorten what the rulebooks say (docs/policy.md). */
  policy: z
    .strictObject({
      silenceHours: hoursField.max(24).optional(),
      silenceSeconds: z.number().positive().max(86_400).optional(),
      publishMarginHours: hoursField.max(24).optional(),
      overlay: z.record(z.string(), z.unknown()).default({}),
    })
    .prefault({}),
  pager: z
    .strictObject({ webhookUrl: z.url().nullable().default(null), mailTo: z.array(z.string()).default([]) })
    .prefault({}),
  /** Who is on call and how they are reached; null: `pager` alone. */
  onCall: onCallShape.nullable().default(null),
  /** Further channels: mailboxes, archives, the report API, helpdesks, what staff enter. */
  channels: channelsShape,
  /** Published addresses through which the desk sends test reports to itself; needs `mail.relay`. */
  canaries: canariesShape,
  /** Where the CA tells the world how to report; compared each day with each other and with what the desk reads. */
  published: publishedShape.prefault({}),
  watchdog: z.strictObject({ pingUrl: z.url().nullable().default(null) }).prefault({}),
});

export type Config = z.infer<typeof shape>;

export interface ConfigProblem {
  /** Dotted path in the file, empty for the file itself. */
  readonly path: string;
  readonly message: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export function defaultConfig(): Config {
  return shape.parse({});
}

/** Reads and checks a file; null means the defaults. Never throws for a bad file: problems say what and where. */
export async function readConfig(file: string | null): Promise<ConfigResult> {
  if (file === null) return { ok: true, config: defaultConfig() };
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return {
      ok: false,
      problems: [{ path: '', message: `${file} cannot be read (${code}). Name an existing file with --config.` }],
    };
  }
  return checkConfig(text);
}

export function checkConfig(text: string): ConfigResult {
  if (text.length > bytesMax)
    return { ok: false, problems: [{ path: '', message: 'The file is larger than 1 MB; this is no configuration.' }] };
  const document = parseDocument(text, { uniqueKeys: true });
  const broken = document.errors.map((e) => ({
    path: '',
    message: `Line ${e.linePos?.[0].line ?? '?'}: ${e.message.split('\n')[0]}`,
  }));
  if (broken.length > 0) return { ok: false, problems: broken };
  const result = shape.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (result.success) {
    const policy = configuredPolicy(result.data);
    const { onCall } = result.data;
    const problems = [
      ...(policy.ok ? [] : policy.problems),
      ...(result.data.canaries.length > 0 && result.data.mail.relay === null
        ? [{ path: 'canaries', message: 'Test reports go by mail from outside: set mail.relay.' }]
        : []),
      ...mailProblems(result.data.mail),
      ...channelProblems(result.data.channels).map((p) => ({ ...p, path: `channels.${p.path}` })),
      ...(onCall === null ? [] : onCallProblems(onCall).map((p) => ({ ...p, path: `onCall.${p.path}` }))),
    ];
    return problems.length === 0 ? { ok: true, config: result.data } : { ok: false, problems };
  }
  return { ok: false, problems: result.error.issues.map((i) => ({ path: i.path.join('.'), message: i.message })) };
}
