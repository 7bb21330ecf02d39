/** Asks the desk whether a key may be certified. A CA that cannot ask does not issue (TLS BR 6.1.1.3 item 4). */
import type { SpkiHash } from '../foundation/brand.ts';

export interface BlockedKeys {
  /** The desk's address; `/blocked-keys/{spkiSha256}` is appended. */
  readonly url: string;
  readonly token?: string;
  readonly fetch?: typeof fetch;
}

const answerWithinMs = 5000;

/** 404 or `{"blocked": false}` = not blocked; `{"blocked": true}` = blocked; anything else = not known. */
export async function isBlocked(
  desk: BlockedKeys,
  key: SpkiHash,
): Promise<'blocked-key' | 'blocked-keys-unknown' | null> {
  try {
    const response = await (desk.fetch ?? fetch)(`${desk.url}/blocked-keys/${key}`, {
      headers: desk.token === undefined ? {} : { authorization: `Bearer ${desk.token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    if (response.status === 404) return null;
    if (response.status !== 200) return 'blocked-keys-unknown';
    const answer = (await response.json()) as { blocked?: unknown };
    if (answer.blocked === true) return 'blocked-key';
    return answer.blocked === false ? null : 'blocked-keys-unknown';
  } catch {
    return 'blocked-keys-unknown';
  }
}
