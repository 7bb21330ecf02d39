/** The configuration of who is on call and how they are reached, and what is wrong with it. */
import { z } from 'zod';
import { at } from '../foundation/time/time.ts';
import { targetProblem } from '../stages/outreach/messengers/webhook.ts';
import { defaultPaging, type PagingPolicy, pagingProblems } from '../stages/outreach/on-call/paging.ts';
import { type Rota, rotaProblems } from '../stages/outreach/on-call/rota.ts';

const seconds = z.number().int().min(1);
const instant = z.string().refine((text) => isInstant(text), 'an instant is written like 2026-08-01T00:00:00Z');

/** `to` is a mail address, the name of a webhook, a telephone number with country code, or a push subscription. */
const contact = z.strictObject({ channel: z.enum(['email', 'webhook', 'sms', 'web-push']), to: z.string().min(1) });

export const onCallShape = z.strictObject({
  levels: z.array(z.strictObject({ people: z.array(z.string().min(1)), from: z.string(), turnDays: z.number() })),
  overrides: z
    .array(
      z.strictObject({
        ...{ level: z.number().int().min(0), person: z.string().min(1), from: instant, until: instant },
        ...{ by: z.string().min(1), because: z.string() },
      }),
    )
    .default([]),
  /** Person to contacts; a page goes to all of them at once. */
  contacts: z.record(z.string(), z.array(contact).min(1)),
  webhooks: z
    .record(
      z.string(),
      z.strictObject({
        url: z.string(),
        style: z.enum(['slack', 'teams', 'pagerduty', 'json']).default('json'),
        secretFile: z.string().nullable().default(null),
        routingKey: z.string().nullable().default(null),
      }),
    )
    .default({}),
  sms: z
    .strictObject({
      url: z.string(),
      tokenFile: z.string(),
      from: z.string(),
      fields: z.strictObject({ to: z.string(), from: z.string(), text: z.string(), reference: z.string() }).optional(),
    })
    .nullable()
    .default(null),
  webPush: z
    .strictObject({
      subject: z.string(),
      privateKeyFile: z.string(),
      subscriptions: z.record(
        z.string(),
        z.strictObject({ endpoint: z.string(), keys: z.strictObject({ p256dh: z.string(), auth: z.string() }) }),
      ),
    })
    .nullable()
    .default(null),
  /** May only be less patient than the default. */
  paging: z
    .strictObject({
      answerSeconds: seconds,
      roundSeconds: seconds,
      repage: z.array(z.strictObject({ leftAtLeastSeconds: z.number().int().min(0), everySeconds: seconds })),
    })
    .optional(),
});

export type OnCallConfig = z.infer<typeof onCallShape>;

export function rotaOf(config: OnCallConfig): Rota {
  return {
    levels: config.levels,
    overrides: config.overrides.map((o) => ({ ...o, from: at(o.from), until: at(o.until) })),
  };
}

export function pagingOf(config: OnCallConfig): PagingPolicy {
  return config.paging ?? defaultPaging;
}

/** What is wrong, with dotted paths below `onCall`; empty when everybody in the rota can be reached. */
export function onCallProblems(config: OnCallConfig): readonly { readonly path: string; readonly message: string }[] {
  const rota = rotaOf(config);
  const problems = [...rotaProblems(rota)];
  problems.push(...pagingProblems(pagingOf(config)).map((p) => ({ ...p, path: `paging.${p.path}` })));
  const everybody = new Set([...rota.levels.flatMap((l) => l.people), ...rota.overrides.map((o) => o.person)]);
  for (const person of everybody)
    if (config.contacts[person] === undefined)
      problems.push({ path: `contacts.${person}`, message: 'Somebody on call has no contact.' });
  for (const [person, contacts] of Object.entries(config.contacts))
    for (const [n, { channel, to }] of contacts.entries()) {
      const wrong = contactProblem(config, channel, to);
      if (wrong !== null) problems.push({ path: `contacts.${person}[${n}]`, message: wrong });
    }
  for (const [name, hook] of Object.entries(config.webhooks)) {
    const wrong = targetProblem({ url: hook.url, style: hook.style, secret: null, routingKey: hook.routingKey });
    if (wrong !== null) problems.push({ path: `webhooks.${name}`, message: wrong });
  }
  return problems;
}

function contactProblem(config: OnCallConfig, channel: z.infer<typeof contact>['channel'], to: string): string | null {
  if (channel === 'webhook' && config.webhooks[to] === undefined) return `There is no webhook called ${to}.`;
  if (channel === 'sms' && config.sms === null) return 'SMS needs onCall.sms, the gateway.';
  if (channel === 'web-push' && config.webPush?.subscriptions[to] === undefined)
    return `There is no push subscription called ${to}.`;
  if (channel === 'email' && !/^[^\s@]+@[^\s@]+$/.test(to)) return 'This is no mail address.';
  return null;
}

function isInstant(text: string): boolean {
  try {
    at(text);
    return true;
  } catch {
    return false;
  }
}
