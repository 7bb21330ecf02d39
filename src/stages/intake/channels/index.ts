/** Every kind of channel. A new one is a file beside this and a line here; its tests are the contract suite. */
import type { Channel } from '../channel.ts';
import { apiChannel } from './api.ts';
import { imapChannel } from './imap.ts';
import { manualChannel } from './manual.ts';
import { mboxChannel } from './mbox.ts';
import { smtpChannel } from './smtp.ts';
import { webhookChannel } from './webhook.ts';

export const channelKinds = {
  smtp: smtpChannel,
  imap: imapChannel,
  mbox: mboxChannel,
  api: apiChannel,
  webhook: webhookChannel,
  manual: manualChannel,
} as const;
export type ChannelKindName = keyof typeof channelKinds;

export type OpenedChannel =
  | { readonly ok: true; readonly channel: Channel }
  | { readonly ok: false; readonly problems: readonly { readonly path: string; readonly message: string }[] };

/** Opens a channel by its kind with settings from a file; says in words what is wrong with them. */
export function openChannel(kind: ChannelKindName, source: string, settings: unknown): OpenedChannel {
  const { settings: schema, open } = channelKinds[kind];
  const parsed = schema.safeParse(settings);
  if (!parsed.success) {
    return {
      ok: false,
      problems: parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    };
  }
  return { ok: true, channel: (open as (source: string, settings: unknown) => Channel)(source, parsed.data) };
}
