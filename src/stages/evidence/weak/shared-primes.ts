/** The keys of one report, or of one call, checked against each other. */
import { rsaNumbers } from '../../../foundation/pki/spki.ts';
import { toBigInt } from '../extract/numbers.ts';
import type { JudgeContext } from '../prove/context.ts';
import { type Judged, withComputable } from '../prove/judge.ts';
import { batchGcd } from './batch-gcd.ts';

const SMALL_FACTOR_BITS = 64n;

/** Adds a `shared-prime` finding to every RSA item, and raises those that share one. */
export function checkSharedPrimes(items: readonly Judged[], context: JudgeContext): Judged[] {
  const rsa = items.flatMap((item, index) => {
    if (item.keyType !== 'rsa' || item.spki === null) return [];
    const numbers = rsaNumbers(item.spki);
    return numbers === null ? [] : [{ index, n: toBigInt(numbers.modulus) }];
  });
  // A forged key's p or q says nothing of the modulus it claims, so only public parts are compared.
  const shared = new Map(
    batchGcd(rsa.map(({ n }) => n))
      // Damaged moduli have factors such as 3 in common: that is the check for small factors, and gives nothing away.
      .filter((hit) => hit.factor === null || hit.factor >> SMALL_FACTOR_BITS > 0n)
      .map((hit) => [(rsa[hit.index] as { index: number }).index, hit.factor]),
  );
  const compared = new Set(rsa.map(({ n }) => n)).size;
  const checked = new Set(rsa.map(({ index }) => index));
  return items.map((item, index) => {
    if (!checked.has(index)) return item;
    if (!shared.has(index)) {
      const detail = `shares no prime with the ${compared - 1} other keys of this call`;
      return { ...item, findings: [...item.findings, { check: 'shared-prime', verdict: 'clean', detail }] };
    }
    const finding = {
      check: 'shared-prime',
      verdict: 'computable',
      detail: 'shares a prime with another key of this call',
    } as const;
    return withComputable({ ...item, findings: [...item.findings, finding] }, shared.get(index) ?? null, context);
  });
}
