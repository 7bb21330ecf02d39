import type { CaseView } from '../../../api/contract/index.ts';
import { VerdictMark } from '../../instrument/Verdict.tsx';
import { checksInShort } from './checks.ts';
import { Section } from './Section.tsx';

/** What was sent as evidence, what it proves or does not prove, and why. The item itself is never shown. */
export function Evidence({ shown }: { shown: CaseView }) {
  return (
    <Section
      id="evidence"
      title="Evidence"
      aside={<span className="faint">{shown.evidence.length} items; keys are never stored or shown</span>}
    >
      <div className="scroll-x">
        <table className="plain stack">
          <thead>
            <tr>
              <th scope="col">Verdict</th>
              <th scope="col">Item</th>
              <th scope="col">Certificate</th>
              <th scope="col">Why</th>
              <th scope="col" className="wide-only">
                Weak-key checks
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.evidence.map((e) => (
              <tr key={`${e.source} ${e.at}`}>
                <td>
                  <VerdictMark verdict={e.verdict} />
                </td>
                <td>
                  {e.source}
                  <span className="small faint" style={{ display: 'block' }}>
                    {[e.form.replace('-', ' '), e.keyType, e.bits === null ? null : `${e.bits} bits`]
                      .filter(Boolean)
                      .join(', ')}
                  </span>
                </td>
                <td>
                  {[...e.matches, ...e.refutedFor].map((m) => (
                    <span key={m.fingerprint} style={{ display: 'block' }}>
                      {m.name}
                      <span className="small faint mono" style={{ display: 'block' }}>
                        {m.serial}
                      </span>
                    </span>
                  ))}
                  {e.matches.length + e.refutedFor.length === 0 && <span className="faint">none of ours</span>}
                </td>
                <td className="small soft">
                  {e.because}
                  {e.proof && <span className="faint"> A signed proof is kept.</span>}
                </td>
                <td className="small faint wide-only">
                  <span title={e.findings.map((f) => `${f.check}: ${f.verdict}. ${f.detail}`).join('\n')}>
                    {checksInShort(e.findings)}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
