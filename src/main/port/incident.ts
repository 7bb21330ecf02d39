import {
  type AppendixCertificate,
  type CaseRecord,
  draftReport,
  incidentFacts,
} from '../../assurance/incident/index.ts';
import type { Case } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import type { Desk } from '../wiring.ts';

/** Certificates in the appendix of a draft; above it links are attached instead (IRG 3.2). */
const appendixMax = 10_000;

/** Everything an incident report is written from. */
export async function caseRecord(desk: Desk, current: Case, events: readonly Event[]): Promise<CaseRecord> {
  const certificates: AppendixCertificate[] = [];
  for (const matter of current.matters) {
    if (matter.closed !== null || certificates.length >= appendixMax) continue;
    const rows = await desk.parts.sets.page(matter.set.setId, null, appendixMax - certificates.length);
    const states = new Map(rows.map((r) => [r.fingerprint, r]));
    for (const fact of await desk.bulk.byFingerprints(rows.map((r) => r.fingerprint))) {
      const row = states.get(fact.fingerprint);
      certificates.push({
        precertificateSha256: fact.precertificate ? fact.fingerprint : null,
        certificateSha256: fact.precertificate ? null : fact.fingerprint,
        subject: fact.names[0] ?? '',
        issuer: fact.issuer,
        notBefore: fact.notBefore,
        notAfter: fact.notAfter,
        serial: fact.serial,
        names: fact.names,
        revoked: row?.publishedAt == null ? 'Planned' : 'Yes',
        revokedAt: row?.publishedAt ?? null,
        reason: matter.reason,
      });
    }
  }
  return {
    current,
    events,
    caOwner: { name: desk.config.ca.owner, ccadbId: desk.config.ca.ccadbId },
    certificates,
    certificateTypes: [],
  };
}

export async function incidentMarkdown(desk: Desk, current: Case, events: readonly Event[]): Promise<string> {
  return draftReport(incidentFacts(await caseRecord(desk, current, events)));
}
