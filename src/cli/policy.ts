/** Prints `docs/policy.md` from the rulebooks: `node src/cli/policy.ts > docs/policy.md`. */
import { defaultPolicy } from '../desk/policy/cps-overlay.ts';
import { policyPage } from '../desk/policy/page.ts';
import { rulebooks } from '../desk/policy/rulebooks/index.ts';

export function policyMarkdown(): string {
  return policyPage(rulebooks, defaultPolicy);
}

if (import.meta.main) process.stdout.write(policyMarkdown());
