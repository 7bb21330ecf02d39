/** Incident reports: facts from a case, the draft, the certificate list, the first and the last post, the linter. */
export { appendixCsv, appendixLinks, linksAllowedFrom } from './appendix.ts';
export { caseTimeline } from './case-timeline.ts';
export { type IncidentClock, type IncidentState, incidentClocks } from './clocks.ts';
export { bugTitle, draftReport } from './draft.ts';
export type { AppendixCertificate, CaOwner, IncidentFacts } from './facts.ts';
export { type CaseRecord, incidentFacts } from './from-case.ts';
export { type LintAnswer, type LintContext, lintReport } from './lint.ts';
export { type ClosureFacts, closureReport, type PreliminaryFacts, preliminaryReport } from './preliminary.ts';
