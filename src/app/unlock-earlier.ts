/**
 * A key that came locked is opened when its pass phrase follows (evidence.md (a)). The earlier message is read again in the
 * reading room, from its sealed bytes, with the phrases of the later one; neither phrase nor key comes out.
 */
import type { EvidenceItem } from '../desk/facts.ts';
import type { CaseId, Fingerprint, ReceiptId } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { Ledger } from '../stages/intake/ledger.ts';
import { loadCase } from './change-case.ts';
import type { CaseFile, Room } from './ports.ts';
import type { Finder } from './read-message.ts';

export interface UnlockParts {
  readonly cases: CaseFile;
  readonly ledger: Pick<Ledger, 'get' | 'sealed' | 'forgetSealed'>;
  readonly room: Room;
  readonly finder: Pick<Finder, 'byKeys' | 'byFingerprints' | 'bytesOf'>;
  readonly time: { now(): Temporal.Instant };
  /** Likely pass phrases of a text. */
  readonly phrasesIn: (texts: readonly string[]) => readonly string[];
}

/** Reports of one case that are read again for one message. */
const reportsMax = 10;

/** What is still locked: an enclosed key that nobody could open. */
export function isLocked(item: EvidenceItem): boolean {
  return item.form === 'encrypted-key' && item.verdict === 'claim-only';
}

/** New evidence only: what the earlier reading proved or refuted is not said twice. */
export async function unlockEarlier(
  parts: UnlockParts,
  caseId: CaseId,
  message: Message,
): Promise<readonly EvidenceItem[]> {
  const passphrases = parts.phrasesIn(message.texts.map((block) => block.text));
  if (passphrases.length === 0) return [];
  const current = await loadCase(parts.cases, caseId);
  const locked = current?.reports.filter((r) => r.evidence.some(isLocked)).slice(0, reportsMax) ?? [];
  const known = new Set(
    current?.reports.flatMap((r) => r.evidence.filter((e) => !isLocked(e)).map((e) => `${e.source}|${e.spkiSha256}`)),
  );
  const fresh: EvidenceItem[] = [];
  for (const { reportId, startAt } of locked) {
    const id = reportId as ReceiptId;
    const receipt = await parts.ledger.get(id);
    const bytes = await parts.ledger.sealed(id);
    if (receipt === null || bytes === null) continue;
    const input = { bytes, sealed: true, keyId: receipt.keyId, reportId, receivedAt: startAt, passphrases };
    const reading = await parts.room.read(input, async ({ keyHashes, fingerprints }) => {
      const facts = [
        ...(await parts.finder.byKeys(keyHashes)),
        ...(await parts.finder.byFingerprints(fingerprints as Fingerprint[])),
      ];
      return [...(await parts.finder.bytesOf(facts.map((f) => f.fingerprint)))].map(([fingerprint, der]) => ({
        fingerprint,
        der,
      }));
    });
    fresh.push(...reading.evidence.filter((e) => !isLocked(e) && !known.has(`${e.source}|${e.spkiSha256}`)));
    // Nothing is left to open: the sealed bytes have done their duty (promise 7).
    if (!reading.evidence.some(isLocked)) await parts.ledger.forgetSealed(id, parts.time.now());
  }
  return fresh;
}
