/**
 * Acts on the house itself (people, policy, exports) in the same hash-chained log as the cases, under a name that no
 * case has: an auditor who verifies the log verifies these with it.
 */
import type { HouseAct } from '../../api/port.ts';
import { Fault } from '../../foundation/fault.ts';
import type { Json } from '../../foundation/log/canonical.ts';
import type { Time } from '../../foundation/time/time.ts';
import type { StoredEvent } from '../../platform/store/case-store.ts';
import type { Store } from '../../platform/store/store.ts';

/** Cases are called `case-…`. */
export const houseStream = 'house';
const attemptsMax = 20;

export function houseLog(store: Pick<Store, 'cases'>, time: Time): (act: HouseAct) => Promise<void> {
  /** Events so far, as this process last saw it; another node may be ahead, then the append says so. */
  let seen: number | null = null;
  return async ({ type, by, because, about }) => {
    const data = { because, about: { ...about } } as unknown as Json;
    for (let attempt = 1; ; attempt++) {
      seen ??= (await store.cases.load(houseStream)).length;
      const expected: number = seen;
      try {
        seen = expected + 1;
        await store.cases.append(houseStream, expected, [{ at: time.now(), type, by, data }], {
          wakeAt: null,
          open: false,
        });
        return;
      } catch (error) {
        seen = null;
        if (!(error instanceof Fault) || error.code !== 'case_changed' || attempt >= attemptsMax) throw error;
      }
    }
  };
}

const words: Readonly<Record<string, string>> = {
  PersonAdded: 'was invited',
  PersonChanged: 'was changed',
  PersonRemoved: 'was removed',
  SignInLinkMade: 'got another sign-in link',
  SignedIn: 'signed in',
  SessionEnded: 'was signed out elsewhere',
  PasskeyAdded: 'added a passkey',
  PasskeyRemoved: 'removed a passkey',
  TokenAdded: 'was made',
  TokenRemoved: 'was removed',
  PolicyProposed: 'was proposed',
  PolicyPublished: 'is in force',
  PolicyDeclined: 'was declined',
  WebhookAdded: 'was added',
  WebhookRemoved: 'was removed',
  AutomationPolicyChanged: 'owes something else to automation',
  ReporterDataExported: 'were exported',
};

/** `ines-sato-3f9a1c was changed (roles pki-team): new on the team.` */
export function houseSentence(event: StoredEvent): string {
  const { about = {}, because = '' } = event.data as { about?: Record<string, unknown>; because?: string };
  const { personId, tokenId, webhookId, version, account, ...rest } = about;
  const subject =
    personId ??
    (tokenId !== undefined ? `Token ${tokenId}` : undefined) ??
    (webhookId !== undefined ? `Webhook ${webhookId}` : undefined) ??
    (account !== undefined ? `Account ${account}` : undefined) ??
    (version !== undefined ? `Policy version ${version}` : 'The data of a reporter');
  const more = Object.entries(rest).map(
    ([key, value]) => `${wordsOf(key)} ${Array.isArray(value) ? value.join(', ') : value}`,
  );
  return `${String(subject)} ${words[event.type] ?? event.type}${more.length === 0 ? '' : ` (${more.join('; ')})`}${because === '' ? '.' : `: ${because}`}`;
}

/** `proposedBy` is read as `proposed by`. */
function wordsOf(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
