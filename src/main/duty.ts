/** Who is asked when something has to be done, and how each of them is reached: the rota and its ways, opened. */
import { readFile } from 'node:fs/promises';
import type { Instant, Time } from '../foundation/time/time.ts';
import type { Messenger } from '../stages/outreach/messenger.ts';
import {
  smsDefaults,
  smsMessenger,
  webhookMessenger,
  webPushDefaults,
  webPushMessenger,
} from '../stages/outreach/messengers/index.ts';
import { defaultPaging, type PagingPolicy } from '../stages/outreach/on-call/paging.ts';
import type { Reachable } from '../stages/outreach/on-call/readiness.ts';
import { type OnCall, onCallAt, type Rota } from '../stages/outreach/on-call/rota.ts';
import type { Config } from './config.ts';
import { type OnCallConfig, pagingOf, rotaOf } from './on-call.ts';

export type Contact = OnCallConfig['contacts'][string][number];

/** Who is asked at an instant, and how each of them is reached. */
export interface Duty {
  readonly onCallAt: (now: Instant) => readonly OnCall[];
  readonly levels: number;
  readonly contactsOf: (person: string) => readonly Contact[];
  /** Everybody who is ever on call, with their contacts. */
  readonly people: readonly Reachable[];
  /** Null when the configuration names addresses and no rota. */
  readonly rota: Rota | null;
  readonly policy: PagingPolicy;
  readonly messengers: Readonly<Partial<Record<Contact['channel'], Messenger>>>;
}

/** Who is paged according to the configuration; null when it names nobody. Letters by mail leave by `mail`. */
export async function dutyOf(config: Config, mail: Messenger, time: Time): Promise<Duty | null> {
  if (config.onCall !== null) return rotaDuty(config.onCall, mail, time);
  const { webhookUrl, mailTo } = config.pager;
  const contacts: Contact[] = mailTo.map((to) => ({ channel: 'email', to }));
  if (webhookUrl !== null) contacts.push({ channel: 'webhook', to: 'duty' });
  if (contacts.length === 0) return null;
  const targets =
    webhookUrl === null ? {} : { duty: { url: webhookUrl, style: 'json', secret: null, routingKey: null } as const };
  return {
    onCallAt: () => [{ level: 0, person: 'duty', because: 'turn' }],
    levels: 1,
    contactsOf: () => contacts,
    people: [{ who: 'duty', contacts }],
    rota: null,
    policy: defaultPaging,
    messengers: { email: mail, webhook: webhookMessenger({ targets, timeoutMilliseconds }, time) },
  };
}

const timeoutMilliseconds = 10_000;

async function rotaDuty(config: OnCallConfig, mail: Messenger, time: Time): Promise<Duty> {
  const rota = rotaOf(config);
  const secretIn = async (file: string): Promise<string> => (await readFile(file, 'utf8')).trim();
  const targets = Object.fromEntries(
    await Promise.all(
      Object.entries(config.webhooks).map(async ([name, { secretFile, ...target }]) => [
        name,
        { ...target, secret: secretFile === null ? null : await secretIn(secretFile) },
      ]),
    ),
  );
  const { sms, webPush } = config;
  return {
    onCallAt: (now) => onCallAt(rota, now),
    levels: rota.levels.length,
    contactsOf: (person) => config.contacts[person] ?? [],
    people: Object.entries(config.contacts).map(([who, contacts]) => ({ who, contacts })),
    rota,
    policy: pagingOf(config),
    messengers: {
      email: mail,
      webhook: webhookMessenger({ targets, timeoutMilliseconds }, time),
      ...(sms === null
        ? {}
        : {
            sms: smsMessenger({
              ...smsDefaults,
              ...{ url: sms.url, from: sms.from, token: await secretIn(sms.tokenFile) },
              ...(sms.fields === undefined ? {} : { fields: sms.fields }),
            }),
          }),
      ...(webPush === null
        ? {}
        : {
            'web-push': webPushMessenger(
              { ...webPushDefaults, subject: webPush.subject, privateKey: await secretIn(webPush.privateKeyFile) },
              async (to) => webPush.subscriptions[to] ?? null,
              time,
            ),
          }),
    },
  };
}
