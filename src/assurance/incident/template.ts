/**
 * The CCADB Incident Reporting Guidelines' templates as data: exact section and field labels in their order, the closed
 * lists of values, and the versions with the day each took effect (CCADB Policy 6.1: a template superseded more than 30
 * days ago must not be used).
 */
export interface TemplateVersion {
  readonly version: string;
  readonly effectiveFrom: string;
}

const templateVersions: readonly TemplateVersion[] = [
  { version: '1.0', effectiveFrom: '2023-02-15' },
  { version: '2.0', effectiveFrom: '2023-10-17' },
  { version: '3.0', effectiveFrom: '2025-03-01' },
  { version: '3.1', effectiveFrom: '2025-07-15' },
  { version: '3.2', effectiveFrom: '2026-03-20' },
];

export const currentTemplate = '3.2';

/** When a version was superseded; null while it is the newest. */
export function supersededAt(version: string): Temporal.Instant | null {
  const next = templateVersions[templateVersions.findIndex((v) => v.version === version) + 1];
  return next === undefined ? null : Temporal.Instant.from(`${next.effectiveFrom}T00:00:00Z`);
}

export const fullReportTitle = 'Full Incident Report';
export const preliminaryTitle = 'Preliminary Incident Report';
export const closureTitle = 'Report Closure Summary';

export const sections = [
  'Summary',
  'Impact',
  'Timeline',
  'Related Incidents',
  'Root Cause Analysis',
  'Lessons Learned',
  'Action Items',
  'Appendix',
] as const;
export type Section = (typeof sections)[number];

/** Labelled bullets of each section, without the colon. Sections that are tables or free lists have none. */
export const fields = {
  Summary: [
    'CA Owner CCADB unique ID',
    'Incident description',
    'Timeline summary',
    'Non-compliance start date',
    'Non-compliance identified date',
    'Non-compliance end date',
    'Relevant policies',
    'Source of incident disclosure',
  ],
  Impact: [
    'Total number of certificates',
    'Total number of "remaining valid" certificates',
    'Affected certificate types',
    'Incident heuristic',
    'Was issuance stopped in response to this incident, and why or why not?',
    'Analysis',
    'Additional considerations',
  ],
  Timeline: [],
  'Related Incidents': [],
  'Root Cause Analysis': [
    'Description',
    'Timeline',
    'Detection',
    'Interaction with other factors',
    'Root Cause Analysis methodology used',
  ],
  'Lessons Learned': ['What went well', "What didn't go well", 'Where we got lucky', 'Additional'],
  'Action Items': [],
  Appendix: [],
} as const satisfies Record<Section, readonly string[]>;

/** Fields that may be left out. */
export const optionalFields: readonly string[] = [
  'Additional considerations',
  'Root Cause Analysis methodology used',
  'Timeline summary',
];

export const preliminaryFields = [
  'Incident description',
  'Relevant policies',
  'Source of incident disclosure',
] as const;

export const relatedColumns = ['Bug', 'Date', 'Description'] as const;

export const actionColumns = [
  'Action Item',
  'Kind',
  'Corresponding Root Cause(s)',
  'Evaluation Criteria',
  'Due Date',
  'Status',
] as const;

export const sources = ['Self Reported', 'Third Party Reported', 'Audit'] as const;
export type Source = (typeof sources)[number];

export const kinds = ['Prevent', 'Mitigate', 'Detect'] as const;
export type Kind = (typeof kinds)[number];

export const statuses = ['Ongoing', 'Complete', 'Delayed', 'Canceled'] as const;
export type Status = (typeof statuses)[number];

/** Columns of the certificate list, first and in this order; more may only follow to the right. */
export const appendixColumns = [
  'Precertificate SHA-256 hash',
  'Certificate SHA-256 hash',
  'Subject',
  'Issuer',
  'Not before',
  'Not after',
  'Serial #',
  'dNSNames',
  'Is revoked?',
  'Revocation date',
  'Revocation reason',
] as const;

export const revokedValues = ['Yes', 'Planned', 'Delayed', 'N/A'] as const;
export type RevokedValue = (typeof revokedValues)[number];

/**
 * The fixed last sentence of a closure report. The published wording is configuration; this stands in for it and says
 * the same, until an operator has pasted the current one.
 */
export const closingSentence =
  'All Action Items disclosed in this report have been completed as described, and we request its closure.';
