import type { CaseView, Label, QuestionView } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { labelWords, people, teamWords } from '../../instrument/words.ts';
import type { Asked } from './ActDialog.tsx';
import { Section } from './Section.tsx';

/** What the desk asks people, with what it proposes. Silence is no answer and moves no deadline. */
export function Questions({ shown, ask }: { shown: CaseView; ask: (asked: Asked) => void }) {
  return (
    <Section id="questions" title="Waits for a person">
      {shown.questions.map((q) => (
        <div key={q.questionId} className="question">
          <p className="strong">{q.text}</p>
          <p className="small faint">
            {teamWords[q.team]}, asked <Moment at={q.askedAt} zone far />
            {q.peopleNeeded !== null && q.peopleNeeded > 1 && (
              <>
                {' '}
                · {q.peopleGiven.length} of {q.peopleNeeded} have approved
                {q.peopleGiven.length > 0 && `: ${q.peopleGiven.map(people).join(', ')}`}
              </>
            )}
          </p>
          <div className="acts">{acts(q, ask)}</div>
        </div>
      ))}
    </Section>
  );
}

function acts(q: QuestionView, ask: (asked: Asked) => void) {
  const button = (words: string, asked: Asked, main = false) => (
    <button key={words} type="button" className={main ? 'button main' : 'button'} onClick={() => ask(asked)}>
      {words}
    </button>
  );
  switch (q.ask) {
    case 'is-it-a-report': {
      const reportId = q.reportId ?? '';
      const proposal = q.proposal as Label | null;
      return [
        button(
          proposal === null ? 'It is a report …' : `Confirm ${labelWords[proposal]} …`,
          { what: 'confirm', reportId, label: proposal },
          proposal !== null,
        ),
        button('Not a report …', { what: 'dismiss', reportId }),
      ];
    }
    case 'approve-revocation':
      return [
        button('Approve …', { what: 'approve', matterId: q.matterId ?? '' }, true),
        button('Close with a reason …', { what: 'close-matter', matterId: q.matterId ?? '' }),
      ];
    case 'close-claim':
      return [button('Close and ask for proof …', { what: 'close-matter', matterId: q.matterId ?? '' }, true)];
    case 'which-certificates':
      return [
        button('Name certificates …', { what: 'name-certificates', reportId: q.reportId ?? '' }, true),
        button('Conclude …', { what: 'dismiss', reportId: q.reportId ?? '' }),
      ];
    case 'take':
      return [button('Take this case', { what: 'take' }, true)];
  }
}
