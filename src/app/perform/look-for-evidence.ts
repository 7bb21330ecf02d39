import type { Report } from '../../desk/case.ts';
import { decide } from '../../desk/decide.ts';
import type { Capture, Event } from '../../desk/events.ts';
import type { CertificateFacts, EvidenceItem } from '../../desk/facts.ts';
import { isRefusal } from '../../desk/refusal.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { blockForeignKeys } from '../foreign-keys.ts';
import type { BlockedKeys, CertificateBytes, CoreParts, Fetched, Fetcher, Room } from '../ports.ts';
import { cascade } from '../read-message.ts';
import { newMattersFor, scopeOf } from '../read-report.ts';
import type { Ground } from './perform.ts';

export interface EvidenceParts {
  readonly room: Room;
  readonly fetcher: Fetcher;
  readonly finder: {
    byKeys(hashes: readonly string[]): Promise<readonly CertificateFacts[]>;
    byFingerprints(fingerprints: readonly Fingerprint[]): Promise<readonly CertificateFacts[]>;
    bytesOf(fingerprints: readonly Fingerprint[]): Promise<ReadonlyMap<Fingerprint, Uint8Array>>;
  };
}

type Parts = CoreParts & EvidenceParts & { readonly blocked: BlockedKeys };

/** Addresses looked at for one report. */
const addressesMax = 20;
/**
 * After the first look: how long a key was public belongs to the record, so the looks go on when it is proven. A later
 * absence never weakens a verdict.
 */
const looksAfterHours = [1, 6, 24, 168] as const;

/** Fetches what the report points at and puts it through the same room as everything else. */
export async function lookForEvidence(parts: Parts, ground: Ground, report: Report): Promise<void> {
  const urls = (report.triage?.artifacts.urls ?? []).slice(0, addressesMax);
  const items: EvidenceItem[] = [];
  const captures: Capture[] = [];
  for (const url of urls) {
    const fetched = await parts.fetcher.fetch(url);
    captures.push(captureOf(url, fetched));
    if (fetched.ok) items.push(...(await prove(parts, report, url, fetched.bytes)));
  }
  const fresh = items.filter(
    (item) => !report.evidence.some((e) => e.source === item.source && e.spkiSha256 === item.spkiSha256),
  );
  const next = looksAfterHours[report.looks];
  const looked: Event = {
    type: 'EvidenceLooked',
    at: ground.now,
    by: 'desk',
    reportId: report.reportId,
    found: fresh.length > 0,
    seen: fresh.length > 0 ? `${fresh.length} key(s) or other evidence` : seenAgain(captures, report.captures),
    captures,
    lookAgainAt: next === undefined ? null : report.startAt.add({ hours: next }),
  };
  if (fresh.length === 0) {
    await ground.append(looked);
    return;
  }
  await blockForeignKeys(parts.blocked, ground.case.caseId, fresh, ground.now);
  await ground.append(...(await evidenceEvents(parts, ground, report, fresh)), looked);
}

const captureCharactersMax = 2_000;

function captureOf(url: string, fetched: Fetched): Capture {
  const cut = url.slice(0, captureCharactersMax);
  if (!fetched.ok) {
    const nothing = { finalUrl: null, addresses: [], length: null, sha256: null, tlsLeafSha256: null };
    return { url: cut, outcome: fetched.problem, status: fetched.status, ...nothing };
  }
  const { finalUrl, addresses, status, sha256, tlsLeafSha256 } = fetched.capture;
  return {
    url: cut,
    outcome: 'fetched',
    finalUrl: finalUrl.slice(0, captureCharactersMax),
    addresses,
    status,
    length: fetched.bytes.length,
    sha256,
    tlsLeafSha256,
  };
}

/** In words, for the timeline: still there, changed, or gone. */
function seenAgain(now: readonly Capture[], before: readonly Capture[]): string {
  const words = now.slice(0, 3).map((capture) => {
    const { url, outcome, status, sha256 } = capture;
    const last = before.find((one) => one.url === url);
    if (outcome !== 'fetched') {
      const why = status === null ? outcome : `HTTP ${status}`;
      return last?.outcome === 'fetched' ? `${url}: no longer there (${why})` : `${url}: ${why}`;
    }
    if (last?.outcome !== 'fetched') return `${url}: nothing new`;
    return last.sha256 === sha256 ? `${url}: still there, unchanged` : `${url}: still there, changed; nothing new`;
  });
  return words.join('; ') || 'nothing';
}

async function prove(parts: Parts, report: Report, url: string, bytes: Uint8Array): Promise<readonly EvidenceItem[]> {
  const found = new Map<Fingerprint, CertificateFacts>();
  const input = {
    bytes: asAttachment(url, bytes),
    sealed: false,
    keyId: null,
    reportId: report.reportId,
    receivedAt: report.startAt,
  };
  const reading = await parts.room.read(input, async (keys): Promise<readonly CertificateBytes[]> => {
    const facts = [
      ...(await parts.finder.byKeys(keys.keyHashes)),
      ...(await parts.finder.byFingerprints(keys.fingerprints as Fingerprint[])),
    ];
    for (const fact of facts) found.set(fact.fingerprint, fact);
    return [...(await parts.finder.bytesOf([...found.keys()]))].map(([fingerprint, der]) => ({ fingerprint, der }));
  });
  return reading.evidence.map((item) => ({ ...item, source: url }));
}

/** The room reads messages: what was fetched goes in as the only enclosed file of one. */
function asAttachment(url: string, bytes: Uint8Array): Uint8Array {
  const name = (new URL(url).pathname.split('/').at(-1) ?? '').replaceAll(/[^\w.-]/g, '_') || 'fetched';
  const body = Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n');
  const head = [
    'MIME-Version: 1.0',
    'Subject: fetched from a reported address',
    `Content-Type: application/octet-stream; name="${name}"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${name}"`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}\r\n`);
}

async function evidenceEvents(
  parts: Parts,
  ground: Ground,
  report: Report,
  fresh: readonly EvidenceItem[],
): Promise<readonly Event[]> {
  const byKey = await cascade(parts, fresh);
  const triage = report.triage;
  if (triage === null) return [];
  const groups = scopeOf(
    parts,
    {
      report: { ...report, marks: report.marks },
      triage,
      evidence: fresh,
      named: [],
      byKey,
      awaiting: null,
      thread: null,
    },
    ground.now,
  );
  const { matters, touches } = await newMattersFor(parts, ground.case, report, groups, ground.now);
  const decision = decide(
    ground.case,
    { do: 'add-evidence', reportId: report.reportId, evidence: fresh, matters, touches, awaiting: null },
    { now: ground.now, by: 'desk' },
  );
  return isRefusal(decision) ? [] : decision;
}
