/** What an account owes to automation, told to whatever CA issues for it: the same judgement as the lab CA asks. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort } from '../../api/port.ts';
import { type AutomationPolicy, judgeOrder } from '../../assurance/adoption/index.ts';
import { hasCome, rfc3339 } from '../../foundation/time/time.ts';
import { holdersOf, policiesOf, policyDigest } from '../automation-policies.ts';
import type { Desk } from '../wiring.ts';

/** Names of one order that are looked up; a certificate has no more. */
const namesMax = 100;

export function deskAutomation(
  desk: Pick<Desk, 'config' | 'inventory' | 'time'>,
): Pick<DeskPort, 'automationPolicies' | 'automationPolicy'> {
  const policies = policiesOf(desk.config.labCa.automation);
  return {
    async automationPolicies() {
      const now = desk.time.now();
      const rows = [...policies].map(([account, policy]) => ({ account, digest: policyDigest(policy, now) }));
      return { now: rfc3339(now), rows: rows.sort((a, b) => (a.account < b.account ? -1 : 1)) };
    },
    async automationPolicy(account, query) {
      const now = desk.time.now();
      const policy = policies.get(account) ?? null;
      const steps = policy?.steps ?? [];
      return {
        now: rfc3339(now),
        account,
        digest: policyDigest(policy ?? { account, steps: [] }, now),
        inForce: steps.filter((step) => hasCome(step.from, now)).map(present),
        coming: steps.filter((step) => !hasCome(step.from, now)).map(present),
        order: query.orderedBy === undefined ? null : await judged(policy, account, { ...query, by: query.orderedBy }),
      };
    },
  };

  async function judged(
    policy: AutomationPolicy | null,
    account: string,
    query: c.AutomationQuery & { readonly by: 'acme' | 'api' | 'manual' },
  ): Promise<NonNullable<c.AutomationPolicy['order']>> {
    const names = (query.names ?? '').split(',').flatMap((name) => name.trim() || []);
    const holders = await holdersOf(desk.inventory, names.slice(0, namesMax));
    const isRenewal = holders.includes(account);
    // An order that does not say how long it lasts is only shortened: to what the policy allows at most.
    const asked = query.lifetimeSeconds ?? null;
    const lifetime = Temporal.Duration.from({ seconds: asked ?? longestSeconds });
    const answer = judgeOrder(policy, { account, orderedBy: query.by, isRenewal, lifetime }, desk.time.now());
    if (answer.answer === 'refuse')
      return { answer: 'refuse', isRenewal, lifetimeSeconds: null, tell: [], because: answer.because };
    const seconds = answer.lifetime.total('seconds');
    return {
      answer: 'allow',
      isRenewal,
      lifetimeSeconds: asked === null && seconds === longestSeconds ? null : seconds,
      tell: [...answer.tell],
      because: null,
    };
  }
}

/** Longer than any certificate. */
const longestSeconds = 10 * 366 * 86_400;

function present(step: AutomationPolicy['steps'][number]) {
  return {
    step: step.step,
    from: rfc3339(step.from),
    lifetimeMaxSeconds: step.step === 'shorten' ? step.lifetimeMax.total('seconds') : null,
    because: step.because,
  };
}
