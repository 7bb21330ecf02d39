import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendixCsv, appendixLinks, readCsv } from './appendix.ts';
import { bugTitle, draftReport } from './draft.ts';
import type { IncidentFacts } from './facts.ts';
import { lintReport } from './lint.ts';
import { closureReport } from './preliminary.ts';
import { certificate, incident, now } from './sample.testing.ts';
import { appendixColumns, closingSentence, sections } from './template.ts';

describe('the draft', () => {
  it('has the eight sections in the published order', () => {
    const headings = [...draftReport(incident).matchAll(/^### (.*)$/gm)].map((m) => m[1]);
    expect(headings).toEqual([...sections]);
    expect(draftReport(incident).startsWith('## Full Incident Report\n')).toBe(true);
  });

  it('puts the events in order, in UTC, to the minute', () => {
    const shuffled = { ...incident, timeline: [...incident.timeline].reverse() };
    expect(draftReport(shuffled)).toBe(draftReport(incident));
    expect(draftReport(incident)).toContain('- 2026-08-31 17:49 UTC: The certificate problem report was received');
  });

  it('marks what only people can say, and the linter refuses to let that be posted', () => {
    const bare: IncidentFacts = {
      ...incident,
      caOwner: { name: 'Example Trust', ccadbId: null },
      description: '',
      policies: [],
      analysis: null,
      issuanceStopped: null,
      factors: [],
      actions: [],
      related: [],
      lessons: { well: [], notWell: [], lucky: [], additional: [] },
    };
    const gaps = draftReport(bare).match(/\[to be completed: /g)?.length ?? 0;
    expect(gaps).toBeGreaterThan(10);
    const open = lintReport(draftReport(bare), { now }).errors.filter((f) => f.message.startsWith('Still open'));
    expect(open.length).toBeGreaterThan(8);
    expect(draftReport(incident)).not.toContain('to be completed');
  });

  it('wants an analysis as soon as a revocation is delayed, and N/A otherwise', () => {
    expect(draftReport({ ...incident, analysis: null })).toContain('**Analysis:** [to be completed');
    expect(draftReport({ ...incident, analysis: null, revocationDelay: false })).toContain('**Analysis:** N/A');
  });

  it('keeps the text of others inside its place', () => {
    const evil = { ...incident.timeline[0]!, text: 'a | b\n## Full Incident Report\n<script>' };
    const text = draftReport({ ...incident, timeline: [evil] });
    expect(text.match(/^## /gm)).toHaveLength(1);
    expect(text).not.toContain('<script>');
  });

  it('gives the bug a title that begins with the CA Owner', () => {
    expect(bugTitle(incident)).toBe('Example Trust: Delayed revocation of four certificates with compromised keys');
  });
});

describe('the certificate list', () => {
  it('has the columns of the guidelines, in their order, and N/A where nothing is known', () => {
    const [header, row] = readCsv(appendixCsv([certificate(1, { precertificateSha256: null, reason: null })]));
    expect(header).toEqual([...appendixColumns]);
    expect(row?.[0]).toBe('N/A');
    expect(row?.at(-1)).toBe('N/A');
    expect(row?.[7]).toBe('n1.customer.example www.n1.customer.example');
  });

  it('is read back as it was written, whatever a subject holds, and holds no formula', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (subject) => {
        const [, row] = readCsv(appendixCsv([certificate(1, { subject })]));
        expect(row).toHaveLength(11);
        expect(row?.[2]?.replace(/^'/, '')).toBe(subject.replace(/^'/, ''));
        expect(row?.[2] ?? '').not.toMatch(/^[=+\-@]/);
      }),
    );
  });

  it('hides names where they are personal data', () => {
    const text = appendixCsv(incident.certificates, { personal: true });
    expect(text).not.toContain('customer.example');
    expect(text).toContain('4a10c3e1');
  });

  it('of ten thousand and more may be links', () => {
    expect(appendixLinks([certificate(1)])).toBe(`https://crt.sh/?sha256=${'b'.repeat(63)}1\n`);
  });
});

it('a closure report says what was promised and asks for closure', () => {
  const text = closureReport({
    description: 'Four certificates were revoked late.',
    rootCauses: ['Addresses disagreed', 'We waited'],
    remediation: 'Addresses are compared daily.',
    commitments: [],
    sentence: null,
  });
  expect(text).toContain('### Report Closure Summary');
  expect(text).toContain('- **Incident Root Cause(s):** Addresses disagreed; We waited');
  expect(text).toContain('- **Commitment summary:** N/A');
  expect(text).toContain(closingSentence);
});
