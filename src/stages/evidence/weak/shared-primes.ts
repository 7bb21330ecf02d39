/** The keys of one report, or of one call, checked against each other. */
import { rsaNumbers } from '../../../foundation/pki/spki.ts';
import { toBigInt } from '../extract/numbers.ts';
import type { JudgeContext } from '../prove/context.ts';
import { type Judged, withComputable } from '../prove/judge.ts';
import { batchGcd, isPrimeOfKey } from './batch-gcd.ts';

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
      .filter((hit) => hit.factor === null || isPrimeOfKey(hit.factor))
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
