/** Published contacts: read, compared, and proven alive from outside. */
export { type AuditInput, auditContacts, type ContactFinding } from './audit.ts';
export {
  type CanaryPath,
  type CanaryRun,
  canariesDue,
  canaryDefaults,
  canaryToken,
  pathAlarms,
  pathHealth,
  readCanary,
} from './canary.ts';
export { contactsInText, type Place, places, type Reading, readCcadbRows, readSecurityTxt } from './published.ts';
export { readPlace } from './read-places.ts';
