import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { appendixCsv } from './appendix.ts';
import { bugTitle, draftReport } from './draft.ts';
import { type LintContext, lintReport } from './lint.ts';
import { preliminaryReport } from './preliminary.ts';
import { certificate, incident, now } from './sample.testing.ts';

const good = draftReport(incident);
const csv = appendixCsv(incident.certificates);
const context: LintContext = {
  now,
  appendixCsv: csv,
  caOwnerName: 'Example Trust',
  bugTitle: bugTitle(incident),
  reporters: [{ name: 'Rhea Searcher', consents: false }],
  snapshot: { certificatesTotal: 4, certificatesRemainingValid: 0 },
};
const lint = (markdown: string, more: Partial<LintContext> = {}) => lintReport(markdown, { ...context, ...more });
const errorsOf = (markdown: string, more: Partial<LintContext> = {}) => lint(markdown, more).errors.map((f) => f.rule);
const warningsOf = (markdown: string, more: Partial<LintContext> = {}) =>
  lint(markdown, more).warnings.map((f) => f.rule);
/** Changes the text and proves that there was something to change. */
const changed = (from: string | RegExp, to: string): string => {
  const next = good.replace(from, to);
  expect(next).not.toBe(good);
  return next;
};
const line = (text: string, markdown: string) => markdown.split('\n').findIndex((l) => l.includes(text)) + 1;

describe('the linter', () => {
  it('finds nothing in a report that has everything', () => {
    expect(lint(good)).toEqual({ errors: [], warnings: [] });
  });

  it('finds nothing in it either without knowing more than the text', () => {
    expect(lintReport(good, { now }).errors).toEqual([]);
  });

  it('says where: rule, line and what to do', () => {
    const text = changed('A000123', '000123');
    expect(lint(text).errors).toEqual([
      { rule: 'IR03', line: line('000123', text), message: 'The CCADB unique ID is the letter A and six digits.' },
    ]);
  });

  it.each([
    ['IR02', /### Related Incidents[\s\S]*?(?=### Root)/, ''],
    ['IR02', '- **Incident heuristic:** The full corpus of affected certificates is in the Appendix.\n', ''],
    ['IR02', 'The full corpus of affected certificates is in the Appendix.', ''],
    ['IR02', 'The CCADB named the help desk, the CPS another address.', '[to be completed: why]'],
    ['IR02', '- **Detection:** Review of this case.\n', ''],
    [
      'IR02',
      '| Action Item | Kind | Corresponding Root Cause(s) | Evaluation Criteria | Due Date | Status |',
      '| Action Item | Kind | Due Date |',
    ],
    ['IR03', 'A000123', 'A123'],
    ['IR04', '**Source of incident disclosure:** Third Party Reported', '**Source of incident disclosure:** Twitter'],
    ['IR04', '| Prevent |', '| Prevention |'],
    ['IR04', '2026-09-25 | Ongoing', '2026-09-25 | Cancelled'],
    ['IR04', '2026-09-25', 'end of September'],
    ['IR05', 'TLS BR 2.2.6, section 4.9.5', 'TLS BR, section 4.9.5'],
    ['IR05', 'TLS BR 2.2.6, section 4.9.5', 'TLS BR 2.2.6'],
    ['IR06', '**Non-compliance end date:** 2026-09-02 04:54 UTC', '**Non-compliance end date:** 2026-08-02 04:54 UTC'],
    [
      'IR06',
      '**Non-compliance start date:** 2026-09-01 17:49 UTC',
      '**Non-compliance start date:** 2026-09-01 17:49 IST',
    ],
    ['IR06', '**Non-compliance start date:** 2026-09-01 17:49 UTC', '**Non-compliance start date:** last summer'],
    ['IR07', '- 2026-09-01 05:00 UTC:', '- 2026-09-01 05:00 IST:'],
    ['IR07', '- 2026-09-01 05:00 UTC:', '- 2026-09-01 05:00 ITC:'],
    ['IR09', 'The preliminary report was given to the subscriber.', 'We had a coffee.'],
    ['IR09', 'The preliminary report was given to the reporter.', 'We had a coffee.'],
    ['IR10', '"remaining valid" certificates:** 0', '"remaining valid" certificates:** 2'],
    ['IR10', 'Total number of certificates:** 4', 'Total number of certificates:** several'],
    ['IR12', 'We waited for an answer. (Action Item 2)', 'The weather was bad.'],
    ['IR12', '(Action Item 2)', '(Action Item 9)'],
    ['IR14', '| Contributing Factor 2 |', '| Contributing Factor 1 |'],
    ['IR14', '| Contributing Factor 2 |', '|  |'],
    ['IR15', /\*\*Analysis:\*\* .*/, '**Analysis:** N/A'],
    ['IR15', /\*\*Analysis:\*\* .*/, '**Analysis:** It was a Sunday.'],
    ['IR15', 'Completion of the revocation was expected by 05:00 UTC.', 'We talked.'],
    ['IR15', 'All 4 certificates were revoked, seen in CRL and OCSP from outside.', 'We were done.'],
    ['IR20', 'given to the reporter', 'given to the reporter, Rhea Searcher'],
    ['IR25', 'Total number of certificates:** 4', 'Total number of certificates:** 5'],
  ] as const)('reports %s as an error when %j becomes %j', (rule, from, to) => {
    expect(errorsOf(changed(from, to))).toContain(rule);
  });

  it.each([
    [
      'IR06',
      '**Non-compliance identified date:** 2026-09-02 04:10 UTC',
      '**Non-compliance identified date:** 2026-09-01 04:10 UTC',
    ],
    ['IR08', '- 2026-09-01 05:45 UTC:', '- 2026-08-30 05:45 UTC:'],
    ['IR08', '- 2026-09-01 05:45 UTC:', '- 2026-09-01:'],
    ['IR08', /- 2026-03-02 09:00 UTC: .*\n/, ''],
    ['IR13', 'The reporter wrote to an address that somebody read at all. (Action Item 1)', 'The sun was shining.'],
    ['IR19', 'We waited for an answer.', 'The subscriber failed to answer.'],
    ['IR19', 'The proof took 45 minutes.', 'There was no misuse.'],
    ['IR21', 'The proof took 45 minutes.', 'We acted promptly.'],
  ] as const)('warns of %s when %j becomes %j', (rule, from, to) => {
    expect(warningsOf(changed(from, to))).toContain(rule);
  });

  it('wants sections in their order', () => {
    const impact = /### Impact[\s\S]*?(?=### Timeline)/.exec(good)?.[0] ?? '';
    const moved = good.replace(impact, '').replace('### Appendix', `${impact}### Appendix`);
    expect(errorsOf(moved)).toContain('IR02');
  });

  it('takes an offset beside a name, a sentence above for all, and refuses a naked time', () => {
    expect(errorsOf(changed('- 2026-09-01 05:00 UTC:', '- 2026-09-01 10:30 IST (UTC+05:30):'))).toEqual([]);
    expect(errorsOf(changed('- 2026-09-01 05:00 UTC:', '- 2026-09-01T10:30+05:30:'))).toEqual([]);
    const naked = changed('- 2026-09-01 05:00 UTC:', '- 2026-09-01 05:00:');
    expect(errorsOf(naked)).toEqual([]);
    expect(errorsOf(naked.replace('All times are UTC.', ''))).toContain('IR07');
  });

  it('takes a template superseded 30 days ago and refuses it a day later', () => {
    const old = { templateVersion: '3.1' };
    expect(errorsOf(good, { ...old, now: at('2026-04-18T23:00:00Z') })).not.toContain('IR01');
    expect(errorsOf(good, { ...old, now: at('2026-04-19T00:00:00Z') })).toContain('IR01');
  });

  it('looks into the certificate list: header, hashes, serial, state', () => {
    const bad = (text: string) => errorsOf(good, { appendixCsv: text });
    expect(bad(csv)).toEqual([]);
    expect(bad(csv.replace('Issuer,Not before', 'Not before,Issuer'))).toContain('IR11');
    expect(bad(csv.replace('4a10c3e1', 'serial 1'))).toContain('IR11');
    expect(bad(csv.replace('a'.repeat(63), 'a'.repeat(10)))).toContain('IR11');
    expect(bad(csv.replace(',Yes,', ',Revoked,'))).toContain('IR11');
    expect(
      bad(
        csv
          .replace('Revocation reason', 'Revocation reason,Our ticket')
          .replaceAll('keyCompromise', 'keyCompromise,T-1'),
      ),
    ).toEqual([]);
    const alive = appendixCsv([certificate(1, { revoked: 'Planned' }), ...incident.certificates.slice(1)]);
    expect(bad(alive)).toContain('IR10');
  });

  it('finds the list in the Appendix too', () => {
    const inside = good.replace(
      /### Appendix[\s\S]*/,
      `### Appendix\n\n\`\`\`csv\n${csv.replace('4a10c3e1', 'x y')}\`\`\`\n`,
    );
    expect(errorsOf(inside, { appendixCsv: undefined } as unknown as LintContext)).toContain('IR11');
  });

  it('calls training alone no remedy, and training beside a control fine', () => {
    const row = (item: string) =>
      good
        .replace(/\| 1\. [^|]*\|/, `| 1. ${item} |`)
        .replace(/\| 2\. [^|]*\|/, '| 2. Train the help desk on revocation. |');
    expect(warningsOf(row('Retrain all staff.'))).toContain('IR16');
    expect(warningsOf(row('Deploy a monitor and train staff.'))).not.toContain('IR16');
  });

  it('wants a remedy that prevents, can be measured and is seen by the public', () => {
    const weak = good.replace(/\| (?:Prevent) \|/, '| Detect |');
    expect(warningsOf(weak)).toContain('IR17');
    const dim = good.replace(/(\| Contributing Factor \d \|)[^|]*\|/g, '$1 we will see |');
    expect(lint(dim).warnings.map((f) => f.message)).toContain('No Action Item has a criterion that can be measured.');
    const hidden = dim.replace('every published address', 'every address').replace('each public path', 'each path');
    expect(warningsOf(hidden).filter((rule) => rule === 'IR17')).toHaveLength(2);
  });

  it('looks for related incidents two years back and beyond the own house', () => {
    const rows = /\| \[1942879\][\s\S]*?(?=\n\n)/.exec(good)?.[0] ?? '';
    const withRows = (next: string) => warningsOf(good.replace(rows, next));
    expect(withRows('| N/A | N/A | N/A |')).toContain('IR18');
    expect(withRows('| [1650845](x) | 2020-06-29 | Sectigo: wrong certificate. |')).toContain('IR18');
    expect(withRows('| [2000001](x) | 2026-01-29 | Example Trust: our earlier one. |')).toContain('IR18');
  });

  it('wants a separate report for a missed limit', () => {
    const apart = changed(/delay\w*/gi, 'wait');
    expect(errorsOf(apart, { bugTitle: 'Example Trust: keys', revocationDelay: false })).toContain('IR22');
    expect(errorsOf(good, { missedDeadline: { delayReportLinked: false } })).toContain('IR22');
    expect(errorsOf(good, { missedDeadline: { delayReportLinked: true } })).not.toContain('IR22');
  });

  it('closes nothing that is not done', () => {
    expect(errorsOf(good, { closing: { needinfoSet: true, unansweredComments: 0 } })).toEqual(['IR23', 'IR23']);
    const done = good.replaceAll('| Ongoing |', '| Complete |');
    expect(errorsOf(done, { closing: { needinfoSet: true, unansweredComments: 0 } })).toEqual([]);
    expect(errorsOf(done, { closing: { needinfoSet: false, unansweredComments: 2 } })).toEqual(['IR23', 'IR23']);
  });

  it('wants the owner as the CCADB spells it at the head of the title', () => {
    expect(errorsOf(good, { bugTitle: 'Delayed revocation' })).toContain('IR24');
    expect(errorsOf(good, { bugTitle: 'Example Trust Inc.: Delayed revocation' })).toContain('IR24');
    expect(errorsOf(`# Delayed revocation\n\n${good}`, { bugTitle: undefined } as unknown as LintContext)).toContain(
      'IR24',
    );
  });

  it('judges a preliminary report by its own template', () => {
    const text = preliminaryReport({ ...incident, contained: false });
    expect(lint(text)).toEqual({ errors: [], warnings: [] });
    expect(errorsOf(text.replace(/- \*\*Relevant policies:.*\n/, ''))).toContain('IR02');
  });

  it('reads anything in bounded time', () => {
    expect(lint('').errors.map((f) => f.rule)).toContain('IR01');
    expect(lint('| '.repeat(200_000)).errors.length).toBeGreaterThan(0);
    expect(lint(`### ${' '.repeat(500_000)}x`).errors.length).toBeGreaterThan(0);
    expect(
      lint(`## Full Incident Report\n### Timeline\n- 2026-01-01${' '.repeat(500_000)}x`).errors.length,
    ).toBeGreaterThan(0);
    expect(lint(`${'### Timeline\n- 2026-01-01 '.repeat(20_000)}`).errors.length).toBeGreaterThan(0);
  });
});

/** The same template as other people write it: other bullets, dates in words, headings for factors, a plain list. */
const otherHand = `# Other CA: Certificates with a wrong locality

## Full Incident Report

### Summary

* CA Owner CCADB unique ID: A007007
* Incident description: 2 certificates were issued with a locality that was not validated.
* Timeline summary:
    * Non-compliance start date: March 2, 2026 09:00 UTC
    * Non-compliance identified date: 3 August 2026 11:20 UTC
    * Non-compliance end date: 2026-08-05T08:00Z
* Relevant policies: CA/Browser Forum TLS Baseline Requirements v2.2.6, Sections 3.2.2.1 and 7.1.2.7; Other CA CPS 5.1 §3.2
* Source of incident disclosure: Self Reported.

### Impact

* Total number of certificates: 2
* Total number of “remaining valid” certificates: 0
* Affected certificate types: OV
* Incident heuristic: The full corpus is in the Appendix.
* Was issuance stopped in response to this incident, and why or why not?: Yes. The locality field was disabled until the check was in place.
* Analysis: N/A
* Additional considerations: N/A

### Timeline

All times are in UTC.

**2026-03-02**

* 09:00 CA software release 12 introduces the locality field.

**2026-08-03**

* 11:20 CPS review finds that the field is not validated; the incident is identified.
* 11:45 Issuance with the field is stopped.

**2026-08-05**

* 08:00 Both certificates revoked and seen in the CRL.

### Related Incidents

Bug | Date | Description
--- | --- | ---
[1905509](https://bugzilla.mozilla.org/show_bug.cgi?id=1905509) | 2025-11-02 | A different CA did not validate an organisation field.

### Root Cause Analysis

#### Contributing Factor #1: Release without review of profile fields

* Description: The release was not compared with the profile.
* Timeline: Since release 12.
* Detection: CPS review.
* Interaction with other factors: N/A

### Lessons Learned

* What went well: The review found it.
* What didn’t go well:
    * Profile changes reached production without comparison.
* Where we got lucky: N/A
* Other: N/A

### Action Items

Action Item | Kind | Corresponding Root Cause(s) | Evaluation Criteria | Due Date | Status
--- | --- | --- | --- | --- | ---
Compare every profile change with the requirements by an automated linter before production | Prevent | #1 | Releases without a passing comparison are refused; the rules are published | 2026-09-30 | Ongoing

### Appendix

${csv.split('\r\n').slice(0, 3).join('\n')}
`;

describe('a report in another hand', () => {
  it('is read as it is meant', () => {
    const { errors, warnings } = lintReport(otherHand, { now });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['IR06', 'March 2, 2026 09:00 UTC', 'March 2, 2026 09:00 PST'],
    ['IR06', 'March 2, 2026 09:00 UTC', 'March 2, 2026'],
    ['IR07', '* 11:20 CPS review', '* 11:20 CEST CPS review'],
    ['IR10', '“remaining valid” certificates: 0', '“remaining valid” certificates: 1'],
    ['IR11', '4a10c3e1', 'zz'],
    ['IR12', 'Profile changes reached production without comparison.', 'The weather was bad.'],
    ['IR14', '| #1 |', '| #2 |'],
    ['IR20', 'CPS review finds', 'The researcher Rhea Searcher finds'],
    ['IR24', '# Other CA: Certificates', '# Certificates'],
  ] as const)('still gives %s when %j becomes %j', (rule, from, to) => {
    expect(otherHand).toContain(from);
    expect(lintReport(otherHand.replace(from, to), { now }).errors.map((f) => f.rule)).toContain(rule);
  });

  it('takes no first word for a zone, and no related story for its own', () => {
    expect(lintReport(otherHand.replace('09:00 CA software', '09:00 PKI software'), { now }).errors).toEqual([]);
    const story = otherHand.replace('did not validate an organisation field.', 'had a delayed revocation after a CPR.');
    expect(lintReport(story, { now }).errors).toEqual([]);
  });
});

/** The report of the incident this desk exists for, in its own shape: superseded template, three columns, "IST". */
const seed = `# Example Trust: Delayed revocation of 4 certificates

## Incident Report

### Summary

On 31 August a researcher told us that private keys of four certificates were public. The certificates were revoked late.

### Impact

Four TLS certificates of one customer. There was no misuse.

### Timeline

- 2024-08-31 23:19 IST The certificate problem report was received at the support address.
- 2024-09-01 10:30 IST The PKI team saw it.
- 2024-09-01 11:15 IST The keys were confirmed.
- 2024-09-01 12:45 IST The customer was called and did not answer.
- 2024-09-02 10:24 IST The four certificates were revoked.

### Root Cause Analysis

The customer failed to answer on a Sunday.

### Lessons Learned

#### What went well

- The keys were confirmed in 45 minutes.

#### What didn't go well

- The support team did not recognise the report.

#### Where we got lucky

- N/A

### Action Items

| Action Item | Kind | Due Date |
| --- | --- | --- |
| Train the support team to recognise reports promptly | Prevent | 2024-09-30 |

### Appendix

https://crt.sh/?id=1
`;

describe('the report that started it', () => {
  const answer = lintReport(seed, { now });
  const errors = answer.errors.map((f) => f.rule);
  const warnings = answer.warnings.map((f) => f.rule);

  it('is caught for its superseded template, its zone, its missing answers and its missing analysis', () => {
    expect(errors).toContain('IR01');
    expect(answer.errors.filter((f) => f.rule === 'IR07')).toHaveLength(5);
    expect(errors).toContain('IR09');
    expect(errors).toContain('IR15');
  });

  it('is caught for three columns where six belong', () => {
    expect(
      answer.errors.some((f) => f.rule === 'IR02' && f.message.startsWith('The 3 columns of "Action Items"')),
    ).toBe(true);
  });

  it('is caught for "no misuse" without data, for blaming the customer and for training as the only remedy', () => {
    expect(warnings).toContain('IR16');
    expect(answer.warnings.filter((f) => f.rule === 'IR19').length).toBeGreaterThanOrEqual(2);
    expect(warnings).toContain('IR21');
  });

  it('is caught again when the same figures are later labelled ITC', () => {
    const later = lintReport(seed.replaceAll('IST', 'ITC'), { now });
    expect(later.errors.filter((f) => f.rule === 'IR07').map((f) => f.message)[0]).toContain('"ITC"');
  });
});
