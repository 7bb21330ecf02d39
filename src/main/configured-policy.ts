/** The policy that a configuration asks for: the rulebooks, shortened where the operator's CPS shortens them. */
import { type Policy, policyOf } from '../desk/policy/cps-overlay.ts';

interface Wanted {
  readonly ca: { readonly owner: string };
  readonly policy: {
    readonly silenceHours?: number | undefined;
    readonly silenceSeconds?: number | undefined;
    readonly publishMarginHours?: number | undefined;
    readonly overlay: Readonly<Record<string, unknown>>;
  };
}

export type ConfiguredPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly { readonly path: string; readonly message: string }[] };

/** Never throws; problems name the path in the configuration file. */
export function configuredPolicy({ ca, policy: wanted }: Wanted): ConfiguredPolicy {
  const { silenceHours, silenceSeconds, publishMarginHours, overlay } = wanted;
  const silence = silenceSeconds ?? (silenceHours === undefined ? undefined : silenceHours * 3600);
  const chosen = policyOf({
    document: `${ca.owner} CPS`,
    version: 'configured',
    ...(silence === undefined ? {} : { silenceSeconds: Math.round(silence) }),
    ...(publishMarginHours === undefined ? {} : { publishMarginSeconds: Math.round(publishMarginHours * 3600) }),
    ...overlay,
  });
  if (chosen.ok) return chosen;
  return {
    ok: false,
    problems: chosen.problems.map(({ path, message }) => ({
      path: path === '' ? 'policy' : `policy.overlay.${path}`,
      message,
    })),
  };
}
