/** Which identifiers may be ordered, and what a policy of the CA says about them. */
import { AcmeProblem } from './problem.ts';

export const namesPerOrderMax = 100;

/** Lower-case DNS name, one leading `*.` allowed. Throws AcmeProblem. */
export function readDnsName(value: string): string {
  const name = value.toLowerCase();
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  const labels = bare.split('.');
  const sound =
    bare.length <= 253 &&
    labels.length >= 2 &&
    labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!);
  if (!sound) throw new AcmeProblem('rejectedIdentifier', 'This is not a DNS name that a certificate can carry.');
  return name;
}
