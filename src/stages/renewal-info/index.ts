export { type Advice, adviceKeysMax } from './advice.ts';
export type { BookEntry } from './book.ts';
export { type CertId, decodeCertId, encodeCertId } from './cert-id.ts';
export {
  forgetRenewNowMessages,
  hookMigrations,
  networkPost,
  postgresRenewNowHooks,
  type RenewNowHooks,
} from './hooks.ts';
export { directoryEntry, renewalInfoPath, renewalInfoRoutes } from './http.ts';
export { memoryRenewalStore } from './memory.ts';
export { defaultWindowPolicy, type WindowPolicy } from './policy.ts';
export { migrations, postgresRenewalStore } from './postgres.ts';
export {
  type RenewNow,
  renewNowCertificatesMax,
  type SignedWebhook,
  signRenewNow,
  verifyRenewNow,
} from './renew-now.ts';
export * from './replacement.ts';
export { type CandidateSource, replacedBy, replacementsAmong } from './replacement-search.ts';
export { type ServedParts, servedReplacement } from './served.ts';
export {
  type CertificateSource,
  type Progress,
  type RenewalAnswer,
  type RenewalCertificate,
  RenewalInfo,
  type RenewalInfoParts,
} from './service.ts';
export { type StandAlone, serveRenewalInfo, standAloneApp } from './stand-alone.ts';
export * from './store.ts';
export { advisedWindow, normalWindow, retryAfterSeconds, revokedWindow, type Window } from './windows.ts';
