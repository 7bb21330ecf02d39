/** RFC 5280 section 5.3.1, all of it: what a CRL may say, whatever the BRs permit. 7 is unused. */
export const crlReasonNames = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'unused',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;
export type CrlReasonName = (typeof crlReasonNames)[number];

/** The RFC 5280 name of a code; `unspecified` for 0; null when there is no extension; `unused` for unknown codes. */
export function crlReasonName(code: number | null): CrlReasonName | null {
  return code === null ? null : (crlReasonNames[code] ?? 'unused');
}
