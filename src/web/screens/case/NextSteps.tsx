import type { CaseView } from '../../../api/contract/index.ts';
import { relative, utc } from '../../instrument/time.ts';
import { useNow } from '../../link/server-time.ts';
import { Section } from './Section.tsx';

/** What happens if nobody does anything. The most important list of the page. */
export function NextSteps({ shown }: { shown: CaseView }) {
  const now = useNow();
  return (
    <Section id="next" title="By itself, if nobody acts">
      {shown.next.length === 0 ? (
        <p className="soft">
          {shown.closedAt === null ? 'Nothing is planned. The case waits for a person.' : 'Nothing is owed any more.'}
        </p>
      ) : (
        <ol className="next-list">
          {shown.next.map((step) => (
            <li key={`${step.at} ${step.what}`}>
              <span>
                {step.at === null ? (
                  step.by === 'person' ? (
                    'a person'
                  ) : (
                    'now'
                  )
                ) : (
                  <>
                    <time dateTime={step.at} title={step.at}>
                      {utc(step.at, now)} <span className="faint">UTC</span>
                    </time>
                    <span className="faint small" style={{ display: 'block' }}>
                      {relative(Date.parse(step.at) - now)}
                    </span>
                  </>
                )}
              </span>
              <span>{step.what}</span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
