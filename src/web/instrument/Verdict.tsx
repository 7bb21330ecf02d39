import type { Verdict } from '../../api/contract/index.ts';
import { verdictWords } from './words.ts';

const marks = {
  proven: <path d="M8 1l7 7-7 7-7-7z" fill="currentColor" />,
  refuted: <path d="M2.5 2.5l11 11M13.5 2.5l-11 11" stroke="currentColor" strokeWidth="2.4" fill="none" />,
  open: <circle cx="8" cy="8" r="5.8" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  seen: <path d="M1.5 8.5l4.2 4.3L14.5 3.4" stroke="currentColor" strokeWidth="2.4" fill="none" />,
  bad: <path d="M8 1l7.5 14h-15z M8 6v4.5 M8 12v1.6" stroke="currentColor" strokeWidth="1.6" fill="none" />,
};

export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const kind =
    verdict === 'proven-key' || verdict === 'proven-statement' || verdict === 'computable'
      ? 'proven'
      : verdict === 'refuted'
        ? 'refuted'
        : 'open';
  return <Mark kind={kind}>{verdictWords[verdict]}</Mark>;
}

export function Mark({ kind, children }: { kind: keyof typeof marks; children: React.ReactNode }) {
  return (
    <span className={`verdict ${kind}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {marks[kind]}
      </svg>
      <span>{children}</span>
    </span>
  );
}
