/**
 * The moduli of the inventory, held against each other (FM23: a prime that two customers share is no weakness of either
 * key alone). Each night takes up what is new; a report takes up the certificates it names, and little that is new beside
 * them. What was found by night becomes a report of the desk's own, so that its clock starts and nothing is forgotten.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../app/ports.ts';
import type { CertificateFacts } from '../desk/facts.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import { composeMessage } from '../foundation/mail/compose.ts';
import {
  batchModuliMax,
  type CertificateDer,
  holdModuli,
  type ModulusBlocks,
  moduliOf,
  type Pair,
} from '../stages/evidence/index.ts';
import type { ReceiveReport } from '../stages/intake/receive-report.ts';
import type { Inventory } from '../stages/inventory/index.ts';

export interface SharedPrimes {
  /**
   * Other certificates of ours whose keys have a prime in common with these. Where the arithmetic fails or takes longer
   * than a report should wait, the answer is what is known by then; what is found later the night reports.
   */
  partnersOf(certificates: readonly CertificateDer[]): Promise<readonly Partner[]>;
  /** Takes up everything that is new, batch by batch, until the end or `signal`; then reports the pairs found. */
  night(receive: ReceiveReport, signal: AbortSignal): Promise<{ readonly taken: number; readonly reported: number }>;
  /** Ends arithmetic that nobody waits for any more. */
  close(): void;
}

export interface Partner {
  /** Which of the certificates that were asked about. */
  readonly of: readonly Fingerprint[];
  readonly certificate: CertificateFacts;
  readonly der: Uint8Array;
}

export interface SharedPrimesParts {
  readonly inventory: Pick<Inventory, 'walk' | 'bytesOf' | 'find'>;
  readonly blocks: ModulusBlocks;
  readonly log: Log;
}

const pageSize = 5_000;
/** New certificates that a report takes up beside those it names; more are left to the night. */
const aheadMax = 1_000;
/** Stored bytes above which a report takes up only those it names: 25,000 RSA-2048 moduli, a second of arithmetic. */
const storedForReportsMax = 6_400_000;
const reportedAtOnce = 100;
/** A key that is proven beside it must not wait for a minute of division. */
const waitMaxMs = 15_000;

export function sharedPrimes(parts: SharedPrimesParts): SharedPrimes {
  const closing = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  // Reports take turns, for two at once would each find that the other has changed what is stored. They do not wait for
  // the night, whose batches take minutes.
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const next = last.then(work);
    last = next.catch((error: unknown) => {
      if (closing.signal.aborted) return;
      parts.log.warn({ error: String(error) }, 'Moduli were not held against the stored ones; the night tries again.');
    });
    return last as Promise<void>;
  };
  return {
    async partnersOf(certificates) {
      await inTime(inTurn(() => takeUp(parts, certificates, closing.signal)));
      return partnersAmong(parts, certificates);
    },
    async night(receive, stopping) {
      const signal = AbortSignal.any([stopping, closing.signal]);
      let taken = 0;
      for (let more = 1; more > 0 && !signal.aborted; taken += more) {
        more = await takeNext(parts, signal).catch((error: unknown) => {
          if (signal.aborted) return 0;
          throw error;
        });
      }
      return { taken, reported: await reportPairs(parts, receive, signal) };
    },
    close: () => closing.abort(),
  };
}

/** The work goes on when the wait is over. */
async function inTime(work: Promise<void>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work, pause(waitMaxMs, undefined, { signal: enough.signal, ref: false }).catch(() => undefined)]);
  enough.abort();
}

/** What a report asks about, with what is new in the inventory where both are little. */
async function takeUp(
  { inventory, blocks }: SharedPrimesParts,
  named: readonly CertificateDer[],
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const hold = { blocks, bytesOf: (wanted: readonly Fingerprint[]) => inventory.bytesOf(wanted), signal };
  const { position, blocks: stored } = await blocks.state();
  if (stored.reduce((sum, { bytes }) => sum + bytes, 0) <= storedForReportsMax) {
    const page = await inventory.walk({ after: position, limit: aheadMax });
    if (page.next === null) {
      const ders = await inventory.bytesOf(page.matches.map((m) => m.certificate.fingerprint));
      return holdModuli(hold, [...named, ...dersOf(ders)], page.last ?? position);
    }
  }
  return holdModuli(hold, named, null);
}

/** One batch of what the inventory has learnt since; how many certificates that were. */
async function takeNext({ inventory, blocks }: SharedPrimesParts, signal: AbortSignal): Promise<number> {
  const certificates: CertificateDer[] = [];
  let { position } = await blocks.state();
  let read = 0;
  for (let more = true; more && read < batchModuliMax && !signal.aborted; ) {
    const page = await inventory.walk({ after: position, limit: pageSize });
    certificates.push(...dersOf(await inventory.bytesOf(page.matches.map((m) => m.certificate.fingerprint))));
    read += page.matches.length;
    position = page.last ?? position;
    more = page.next !== null;
  }
  if (read === 0 || signal.aborted) return 0;
  await holdModuli({ blocks, bytesOf: (wanted) => inventory.bytesOf(wanted), signal }, certificates, position);
  return read;
}

async function partnersAmong(
  { inventory, blocks }: SharedPrimesParts,
  certificates: readonly CertificateDer[],
): Promise<readonly Partner[]> {
  const asked = new Map<string, Fingerprint[]>();
  for (const certificate of certificates)
    for (const material of moduliOf([certificate]).keys())
      asked.set(material, [...(asked.get(material) ?? []), certificate.fingerprint]);
  const partners: Partner[] = [];
  for (const [one, two] of await blocks.pairsOf([...asked.keys()])) {
    for (const [own, other] of [
      [one, two],
      [two, one],
    ] as const) {
      const of = asked.get(own.material);
      if (of === undefined) continue;
      const { matches } = await inventory.find({ by: 'fingerprint', value: other.fingerprint });
      const bytes = await inventory.bytesOf([other.fingerprint]);
      const der = bytes.get(other.fingerprint);
      const certificate = matches[0]?.certificate;
      if (der !== undefined && certificate !== undefined) partners.push({ of, certificate, der });
    }
  }
  return partners;
}

/** Durable one by one, under a key of its own each: a pair that is reported again after a crash is the same report. */
async function reportPairs(
  { blocks }: SharedPrimesParts,
  receive: ReceiveReport,
  signal: AbortSignal,
): Promise<number> {
  let reported = 0;
  for (;;) {
    const pairs = await blocks.unreported(reportedAtOnce);
    for (const pair of pairs) {
      if (signal.aborted) return reported;
      await receive(reportOf(pair), {
        ...{ channel: 'manual', source: 'shared-primes', sightedAs: null, folder: null, mailbox: 'shared-primes' },
        ...{ envelopeFrom: null, envelopeTo: [], markSource: 'own-acceptance' },
        sourceKey: `shared-prime/${pair[0].material}/${pair[1].material}`,
        detail: 'found by the desk among the keys of the inventory',
      });
      await blocks.noteReported([pair]);
      reported++;
    }
    if (pairs.length < reportedAtOnce) return reported;
  }
}

function reportOf([one, other]: Pair): Uint8Array {
  return composeMessage({
    from: null,
    to: [],
    subject: 'Two certificates of ours have RSA keys with a common prime',
    text: [
      'The RSA moduli of these two certificates share a prime, so the private keys of both can be computed by anybody',
      'who has the two certificates:',
      '',
      one.fingerprint,
      other.fingerprint,
      '',
      'Found by the desk itself while it compared all moduli of the inventory (TLS BR 4.9.1.1 item 4).',
      '',
    ].join('\n'),
    date: null,
    messageId: null,
    headers: [
      ['X-Rescind-Channel', 'manual'],
      ['X-Rescind-Label', 'weak-key'],
      ['X-Rescind-Asks-For', 'revoke'],
    ],
    attachments: [],
  });
}

function dersOf(bytes: ReadonlyMap<Fingerprint, Uint8Array>): CertificateDer[] {
  return [...bytes].map(([fingerprint, der]) => ({ fingerprint, der }));
}
