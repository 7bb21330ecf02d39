import { useEffect, useState } from 'react';
import type { Presence } from '../../../api/contract/index.ts';
import { call } from '../../link/api.ts';

const everyMs = 15_000;

/** Who else has this case open, and whether they are about to act. */
export function PresenceLine({ caseId, acting }: { caseId: string; acting: boolean }) {
  const [others, setOthers] = useState<Presence['others']>([]);
  useEffect(() => {
    let here = true;
    const say = (leaving: boolean): void => {
      call('lookAtCase', { path: { caseId }, body: { acting, leaving }, keepalive: leaving }).then(
        (answer) => here && setOthers(answer.others),
        () => undefined,
      );
    };
    const leave = (): void => say(true);
    say(false);
    const timer = setInterval(() => say(false), everyMs);
    window.addEventListener('pagehide', leave);
    return () => {
      here = false;
      clearInterval(timer);
      window.removeEventListener('pagehide', leave);
    };
  }, [caseId, acting]);
  useEffect(
    () => () => {
      call('lookAtCase', { path: { caseId }, body: { acting: false, leaving: true }, keepalive: true }).catch(() => undefined);
    },
    [caseId],
  );
  if (others.length === 0) return null;
  const busy = others.filter((o) => o.acting);
  return (
    <span className={busy.length > 0 ? 'strong' : 'soft'} role="status">
      {busy.length > 0
        ? `${busy.map((o) => o.name).join(', ')} ${busy.length === 1 ? 'is' : 'are'} about to act here`
        : `${others.map((o) => o.name).join(', ')} ${others.length === 1 ? 'is' : 'are'} here too`}
    </span>
  );
}
