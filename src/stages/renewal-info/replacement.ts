/**
 * Has a certificate been replaced? Clients that send `replaces` say so (RFC 9773 section 5); many never do (certbot), so
 * the same account or subscriber, the same names and a later issuance say it as well. A certificate with the *same key* is
 * no replacement for one whose key is compromised: clients that reuse keys renew happily with it.
 */
import type { Fingerprint, SpkiHash } from '../../foundation/brand.ts';
import { type Instant, isBefore } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';

export const replacementSigns = ['replaces', 'account-and-names', 'subscriber-and-names', 'served', 'stated'] as const;
/** How it was seen. `served`: a TLS probe of the names; `stated`: a person or the subscriber's API said so. */
export type ReplacedBy = (typeof replacementSigns)[number];

export interface Candidate {
  readonly fingerprint: Fingerprint;
  readonly spkiHash: SpkiHash;
  readonly names: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly subscriber: string | null;
  readonly account: string | null;
}

export interface ReplacementSeen {
  readonly fingerprint: Fingerprint;
  readonly replacement: Fingerprint;
  readonly by: ReplacedBy;
}

export interface ReplacementQuestion {
  readonly old: Candidate;
  /** Certificates of the same names or account, in any order; the old one among them does no harm. */
  readonly newer: readonly Candidate[];
  /** Fingerprints of certificates that were ordered with `replaces` = the old one. */
  readonly orderedAsReplacement: ReadonlySet<Fingerprint>;
  /** The key of the old one must not come back (proven compromise, weak key). */
  readonly keyMustChange: boolean;
}

/** The replacement with the strongest sign, the earliest of several; null when there is none. */
export function replacementOf(question: ReplacementQuestion): ReplacementSeen | null {
  const { old } = question;
  let best: { sign: ReplacedBy; candidate: Candidate } | null = null;
  for (const candidate of question.newer) {
    const sign = signOf(question, candidate);
    if (sign === null) continue;
    const stronger = best === null ? -1 : replacementSigns.indexOf(sign) - replacementSigns.indexOf(best.sign);
    if (best === null || stronger < 0 || (stronger === 0 && isBefore(candidate.notBefore, best.candidate.notBefore))) {
      best = { sign, candidate };
    }
  }
  return best === null
    ? null
    : { fingerprint: old.fingerprint, replacement: best.candidate.fingerprint, by: best.sign };
}

function signOf(question: ReplacementQuestion, candidate: Candidate): ReplacedBy | null {
  const { old, keyMustChange, orderedAsReplacement } = question;
  if (candidate.fingerprint === old.fingerprint) return null;
  if (keyMustChange && candidate.spkiHash === old.spkiHash) return null;
  // Clocks are backdated by an hour or so at some CAs; what was issued before the old one replaces nothing.
  if (!isBefore(old.notBefore, candidate.notBefore)) return null;
  if (orderedAsReplacement.has(candidate.fingerprint)) return 'replaces';
  if (!coversNames(candidate.names, old.names)) return null;
  if (old.account !== null && candidate.account === old.account) return 'account-and-names';
  if (old.subscriber !== null && candidate.subscriber === old.subscriber) return 'subscriber-and-names';
  return null;
}

/** Every name of the old certificate is served by the new one, by itself or by a wildcard one label above. */
export function coversNames(newer: readonly string[], old: readonly string[]): boolean {
  const have = new Set(newer);
  return (
    old.length > 0 &&
    old.every((name) => have.has(name) || (!name.startsWith('*.') && have.has(`*${name.slice(name.indexOf('.'))}`)))
  );
}

/** "Revoke the replaced first": whoever has replaced loses nothing by it. Stable otherwise. */
export function replacedFirst<T extends { readonly fingerprint: Fingerprint }>(
  certificates: readonly T[],
  replaced: ReadonlySet<Fingerprint>,
): readonly T[] {
  const done = certificates.filter((certificate) => replaced.has(certificate.fingerprint));
  return [...done, ...certificates.filter((certificate) => !replaced.has(certificate.fingerprint))];
}

export type ReplacesAnswer =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      readonly status: 400 | 403 | 404 | 409;
      readonly type: string;
      readonly detail: string;
    };

/**
 * What a server answers to `replaces` in newOrder (RFC 9773 section 5). `earlierOrder` is another order that already named
 * this predecessor: only one that is not invalid stands in the way, else a client whose first try failed could never renew.
 */
export function judgeReplaces(asked: {
  readonly predecessor: { readonly account: string | null; readonly names: readonly string[] } | null;
  readonly account: string;
  readonly names: readonly string[];
  readonly earlierOrder: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid' | null;
}): ReplacesAnswer {
  const refused = (status: 400 | 403 | 404 | 409, type: string, detail: string): ReplacesAnswer => ({
    accepted: false,
    status,
    type: `urn:ietf:params:acme:error:${type}`,
    detail,
  });
  if (asked.predecessor === null)
    return refused(404, 'malformed', 'the certificate in "replaces" is not one of this CA');
  if (asked.predecessor.account !== null && asked.predecessor.account !== asked.account) {
    return refused(403, 'unauthorized', 'the certificate in "replaces" belongs to another account');
  }
  if (!asked.names.some((name) => asked.predecessor!.names.includes(name))) {
    return refused(400, 'malformed', 'the order shares no identifier with the certificate in "replaces"');
  }
  if (asked.earlierOrder !== null && asked.earlierOrder !== 'invalid') {
    return refused(409, 'alreadyReplaced', 'another order already replaces this certificate');
  }
  return { accepted: true };
}

/**
 * Hook for rate limits: an order that replaces a certificate which was told to renew is exempt, whatever the limit.
 * RFC 9773 section 5 leaves it to the server; a server that told a client to come must not turn it away.
 */
export function isExemptFromRateLimits(asked: {
  readonly replaces: ReplacesAnswer | null;
  readonly advice: Advice | null;
  readonly window: { readonly start: Instant; readonly end: Instant };
  readonly now: Instant;
}): boolean {
  if (asked.replaces === null || !asked.replaces.accepted) return false;
  if (asked.advice !== null) return true;
  return !isBefore(asked.now, asked.window.start) && !isBefore(asked.window.end, asked.now);
}
