import type { LadderStepView, MatterView } from '../../../api/contract/index.ts';
import { span, urgencyOf, utc } from '../../instrument/time.ts';
import { useNow } from '../../link/server-time.ts';

const stepWords: Record<LadderStepView['state'], string> = {
  done: 'done',
  next: 'next',
  later: 'later',
  skipped: 'not needed',
  failed: 'failed',
};

/** The escalation ladder drawn against the deadline: receipt at the left end, the limit at the right. */
export function LadderScale({ matter }: { matter: MatterView }) {
  const now = useNow();
  const { startAt, dueAt } = matter;
  if (dueAt === null || now === 0) return null;
  const start = Date.parse(startAt);
  const whole = Date.parse(dueAt) - start;
  const place = (ms: number): number => Math.min(100, Math.max(0, ((ms - start) / whole) * 100));
  const hours = whole / 3_600_000;
  const every = hours <= 30 ? 3 : 24;
  const ticks = Array.from({ length: Math.floor(hours / every) + 1 }, (_, n) => n * every);
  // Done is done: the bar ends where relying parties saw the last revocation, not at the present.
  const doneAt = matter.certificates.published + matter.certificates.expired >= matter.certificates.total ? matter.publishedAt : null;
  const gone = place(doneAt === null ? now : Date.parse(doneAt));
  const tone = doneAt === null ? `tone-${urgencyOf(startAt, dueAt, now)}` : 'tone-seen';
  const cut = matter.cutOffAt === null ? null : place(Date.parse(matter.cutOffAt));
  const cutLeft = matter.cutOffAt === null ? 0 : Date.parse(matter.cutOffAt) - now;
  return (
    <section aria-label="Escalation ladder against the deadline">
      <div className={`ladder-scale ${cut === null ? 'bare' : ''} ${tone}`} aria-hidden="true">
        {ticks.map((h, n) => (
          <i key={h} className={h === hours ? 'tick end' : n % 2 === 1 ? 'tick minor' : 'tick'} style={{ left: `${(h / hours) * 100}%` }}>
            <span>{h === 0 ? 'receipt' : every === 24 ? `+${h / 24} d` : `+${h} h`}</span>
          </i>
        ))}
        <div className="axis" />
        <div className="elapsed" style={{ width: `${gone}%` }} />
        {cut !== null && (
          <div
            className={cut > 70 || (cut < gone && gone - cut < 22 && cut > 14) ? 'flag cut turned' : 'flag cut'}
            style={{ left: `${cut}%` }}
          >
            <strong>{matter.authorizedAt === null ? 'revokes without an answer' : 'revocation authorised'}</strong>
            <br />
            {utc(matter.cutOffAt ?? '', now)} UTC{cutLeft > 0 && <> · in {span(cutLeft)}</>}
          </div>
        )}
        {matter.ladder
          .filter((s) => s.what === 'letter' || s.what === 'page')
          .map((s) => (
            <span
              key={s.step}
              className="step"
              style={{ left: `${place(Date.parse(s.doneAt ?? s.at))}%` }}
              title={`${s.step}: ${stepWords[s.state]}`}
            >
              <StepMark step={s} />
            </span>
          ))}
      </div>
      {matter.ladder.length > 0 && (
        <ol className="steps small">
          {matter.ladder.map((s) => (
            <li key={s.step}>
              <StepMark step={s} />
              <span className={s.state === 'next' ? 'strong' : 'soft'}>{utc(s.doneAt ?? s.at, now)} UTC</span>
              <span>
                <span className={s.state === 'next' ? 'strong' : ''}>{nameOf(s)}</span>
                <span className="faint">
                  {' '}
                  {stepWords[s.state]}
                  {s.detail === null ? '' : `. ${s.detail}`}
                </span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function nameOf(step: LadderStepView): string {
  if (step.what === 'due') return 'Limit:';
  if (step.what === 'authorize') return 'Revocation:';
  return `${step.what === 'letter' ? 'Letter' : 'Page'} “${step.step}”:`;
}

/** Letter, page, revocation and limit by shape; done is filled, failed is crossed. */
export function StepMark({ step }: { step: LadderStepView }) {
  const done = step.state === 'done';
  const fill = done ? 'currentColor' : 'var(--paper)';
  const shape = {
    letter: <path d="M2 4h12v8.5H2zM2 4l6 5 6-5" fill={fill} stroke="currentColor" strokeWidth="1.4" />,
    page: <circle cx="8" cy="8" r="5.4" fill={fill} stroke="currentColor" strokeWidth="1.4" />,
    authorize: <path d="M8 1.5L14.5 8 8 14.5 1.5 8z" fill={fill} stroke="currentColor" strokeWidth="1.4" />,
    due: <path d="M8 1v14M4 1h8M4 15h8" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  }[step.what];
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      {shape}
      {step.what === 'letter' && done && (
        <path d="M2.6 4.5L8 9l5.4-4.5" fill="none" stroke="var(--paper)" strokeWidth="1.2" />
      )}
      {step.state === 'failed' && <path d="M1 15L15 1" stroke="var(--last)" strokeWidth="2.4" />}
    </svg>
  );
}
