/** From a label to its duty: the hours, the rule of TLS BR 4.9.1.1, and the team that acts. */
import type { Label, Team } from '../../desk/facts.ts';

export const teamOf: Readonly<Record<Label, Team | null>> = {
  'key-compromise': 'pki-team',
  'weak-key': 'pki-team',
  misissuance: 'compliance',
  'domain-control': 'pki-support',
  misuse: 'pki-team',
  'subscriber-request': 'ssl-support',
  'wrong-information': 'pki-support',
  'ca-noncompliance': 'compliance',
  'other-problem': 'pki-team',
  'not-a-report': null,
};

export interface Duty {
  readonly deadlineHours: 24 | 120 | null;
  readonly trigger: string | null;
}

/** What the text says about the two-sided labels, as found by the signals. */
export interface DutyFacts {
  /** A ground that is due in 24 hours was seen, or the shorter class is at least as likely. */
  readonly short: boolean;
  /** ca-noncompliance names a certificate, so revocation may be owed. */
  readonly namesCertificate: boolean;
  readonly unauthorised: boolean;
  readonly wildcard: boolean;
  /** The certificate signs code. */
  readonly malware: boolean;
}

export function dutyOf(label: Label, facts: DutyFacts): Duty {
  switch (label) {
    case 'key-compromise':
      return { deadlineHours: 24, trigger: 'TLS-03' };
    case 'weak-key':
      // TLS BR 4.9.1.1 no. 4 (computable, 24 h) against no. 6 (sizes, 5 days).
      return facts.short ? { deadlineHours: 24, trigger: 'TLS-04' } : { deadlineHours: 120, trigger: 'TLS-06' };
    case 'misissuance':
    case 'domain-control':
      // No. 5 (validation not to be relied on) is due in 24 hours under whatever label it arrives.
      if (facts.short)
        return { deadlineHours: 24, trigger: facts.unauthorised && label === 'misissuance' ? 'TLS-02' : 'TLS-05' };
      return { deadlineHours: 120, trigger: label === 'misissuance' ? 'TLS-12' : 'TLS-09' };
    case 'misuse':
      // Suspect Code under a code signing certificate is due in 24 hours (Code Signing BR 4.9.1.1).
      if (facts.malware) return { deadlineHours: 24, trigger: 'TLS-07' };
      return { deadlineHours: 120, trigger: facts.wildcard ? 'TLS-10' : 'TLS-07' };
    case 'subscriber-request':
      return { deadlineHours: 24, trigger: facts.unauthorised ? 'TLS-02' : 'TLS-01' };
    case 'wrong-information':
      return { deadlineHours: facts.short ? 24 : 120, trigger: 'TLS-13' };
    case 'ca-noncompliance':
      return { deadlineHours: facts.namesCertificate ? 120 : null, trigger: null };
    case 'other-problem':
      // Worst case until a person has looked (corpus rule 6).
      return { deadlineHours: 24, trigger: null };
    case 'not-a-report':
      return { deadlineHours: null, trigger: null };
  }
}
