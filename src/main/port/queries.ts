/** What the console and other programs read: the desk's stores in the shapes of the API's contract. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort } from '../../api/port.ts';
import { presentLadders } from '../../api/present/ladders.ts';
import {
  presentBoardRow,
  presentCase,
  presentInboxItem,
  presentRecentCase,
  titleOf,
} from '../../api/present/present-case.ts';
import { sentenceOf } from '../../api/present/sentences.ts';
import { stageOf } from '../../desk/case.ts';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { at, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { StoredEvent } from '../../platform/store/case-store.ts';
import { findAny } from '../../stages/inventory/index.ts';
import type { Letter } from '../../stages/outreach/outbox/outbox.ts';
import { logVerified } from '../night-watch.ts';
import type { Desk } from '../wiring.ts';
import { type CaseReader, typed } from './case-reader.ts';
import { houseSentence, houseStream } from './house-log.ts';
import { incidentMarkdown } from './incident.ts';
import { testedPaths } from './tested-paths.ts';

type Queries = Pick<
  DeskPort,
  | 'seq'
  | 'changes'
  | 'notReady'
  | 'board'
  | 'inbox'
  | 'readCase'
  | 'certificates'
  | 'message'
  | 'letter'
  | 'incident'
  | 'search'
  | 'channels'
  | 'blockedKeys'
  | 'blockedKey'
  | 'connectors'
  | 'ladders'
  | 'log'
>;

const lettersShown = 200;
const followEvery = Temporal.Duration.from({ milliseconds: 300 });

export function deskQueries(desk: Desk, { load, openCases, endedCases }: CaseReader): Queries {
  const now = (): Instant => desk.time.now();
  const latest = async (): Promise<number> => (await desk.store.log.head()).size;

  return {
    seq: latest,
    async *changes(after, signal) {
      for (let seen = after; !signal.aborted; ) {
        const events = await desk.store.cases.eventsSince(seen, 500);
        for (const event of events) {
          seen = event.globalSeq;
          yield { seq: event.globalSeq, at: rfc3339(event.at), caseId: caseOf(event), type: event.type };
        }
        if (events.length === 0) await pause(followEvery, signal);
      }
    },
    async notReady() {
      try {
        await desk.pool.query('select 1');
        return null;
      } catch {
        return ['The database does not answer.'];
      }
    },
    async board(query) {
      const cases = await openCases();
      const ended = query.cursor === undefined ? await endedCases() : [];
      const rows = cases
        .filter(({ current }) => stageOf(current) !== 'dismissed' && stageOf(current) !== 'closed')
        .map(({ current, last }) => presentBoardRow({ current, last, policy: desk.parts.policy, now: now() }))
        .filter(
          (row) =>
            (query.team === undefined || row.team === query.team) &&
            (query.q === undefined || row.title.toLowerCase().includes(query.q.toLowerCase())),
        )
        .sort((a, b) => ((a.clocks[0]?.dueAt ?? '~') < (b.clocks[0]?.dueAt ?? '~') ? -1 : 1));
      const from = Number(query.cursor ?? 0) || 0;
      const beats = await desk.store.heartbeats.all();
      const sweep = beats.find((b) => b.name === 'sweep' || b.name === 'wake-ups');
      const verified = beats.find((b) => b.name === logVerified && b.detail === '');
      const last = [...cases, ...ended]
        .map(({ current }) => current.receivedAt)
        .sort(Temporal.Instant.compare)
        .at(-1);
      const head = await desk.store.log.head();
      return {
        now: rfc3339(now()),
        next: rows.length > from + query.limit ? String(from + query.limit) : null,
        seq: head.size,
        total: rows.length,
        waiting: rows.filter((r) => r.questions > 0).length,
        rows: rows.slice(from, from + query.limit),
        recent:
          from > 0
            ? []
            : ended
                .flatMap(({ current, last }) => presentRecentCase(current, last) ?? [])
                .sort((a, b) => (a.endedAt < b.endedAt ? 1 : -1))
                .slice(0, 20),
        quiet: {
          sweptAt: sweep === undefined ? null : rfc3339(sweep.at),
          lastReportAt: last === undefined ? null : rfc3339(last),
          canaries: (await desk.canaries.health(now())).map(({ path, state, lastSeenAt }) => ({
            address: path,
            seenAt: lastSeenAt === null ? null : rfc3339(lastSeenAt),
            ok: state === 'well',
          })),
          eventLog: { size: head.size, verifiedAt: verified === undefined ? null : rfc3339(verified.at) },
        },
      } satisfies c.Board;
    },
    async inbox(query) {
      const rows = (await openCases())
        .filter(({ current }) => stageOf(current) === 'review')
        .flatMap(({ current }) =>
          current.reports.filter((r) => !r.confirmed && r.dismissed === null).map((r) => presentInboxItem(current, r)),
        )
        .sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
      const from = Number(query.cursor ?? 0) || 0;
      return {
        now: rfc3339(now()),
        next: rows.length > from + query.limit ? String(from + query.limit) : null,
        seq: await latest(),
        total: rows.length,
        rows: rows.slice(from, from + query.limit),
      };
    },
    async readCase(caseId) {
      const found = await load(caseId);
      if (found === null) return null;
      const letters = await desk.parts.outbox.ofCase(caseId, lettersShown);
      return presentCase({
        ...found,
        letters: letters.map(summaryOf),
        lettersTotal: letters.length,
        policy: desk.parts.policy,
        now: now(),
      });
    },
    async certificates(caseId, matterId, query) {
      const found = await load(caseId);
      const matter = found?.current.matters.find((m) => m.matterId === matterId);
      if (matter === undefined) return null;
      return certificatesPage(desk, matter.set.setId, matterId, query, now());
    },
    async message(_caseId, reportId) {
      const reading = await desk.readings.get(reportId);
      if (reading === null) return null;
      const message = reading.message as unknown as {
        texts: { role: c.Message['blocks'][number]['role']; path: string; text: string }[];
        problems: string[];
      };
      const blocks = message.texts.map(({ role, path, text }) => ({
        role,
        path,
        text: text.slice(0, 100_000),
        marks: [],
      }));
      return { now: rfc3339(now()), reportId, blocks, html: null, problems: message.problems };
    },
    async letter(caseId, letterId) {
      const letters = await desk.parts.outbox.ofCase(caseId, 100_000);
      const letter = letters.find((l) => l.letterId === letterId);
      return letter === undefined ? null : { ...summaryOf(letter), now: rfc3339(now()), text: letter.text, html: null };
    },
    async incident(caseId) {
      const found = await load(caseId);
      if (found === null) return null;
      const { current, events } = found;
      const markdown = await incidentMarkdown(
        desk,
        current,
        events.map((e) => e.event),
      );
      return {
        now: rfc3339(now()),
        caseId,
        openedAt: current.incidentAt === null ? null : rfc3339(current.incidentAt),
        markdown,
      };
    },
    async search(query) {
      const { matches } = await findAny(desk.inventory, query.q);
      const shown = matches.slice(0, query.limit);
      const places = await desk.parts.sets.places(shown.map((m) => m.certificate.fingerprint));
      const certificates = await Promise.all(
        shown.map(async ({ certificate: f }) => ({
          fingerprint: f.fingerprint,
          serial: f.serial,
          issuer: f.issuer,
          names: f.names.slice(0, 20),
          namesTotal: f.names.length,
          notBefore: rfc3339(f.notBefore),
          notAfter: rfc3339(f.notAfter),
          status: f.status,
          spkiSha256: f.spkiHash,
          subscriber: f.subscriber,
          blocked: await desk.isBlocked(f.spkiHash),
          cases: places.filter((p) => p.fingerprint === f.fingerprint).map((p) => p.caseId),
        })),
      );
      const cases: { caseId: string; title: string }[] = [];
      for (const caseId of new Set([...places.map((p) => p.caseId), query.q as CaseId])) {
        const found = await load(caseId);
        if (found !== null) cases.push({ caseId, title: titleOf(found.current) });
      }
      return {
        now: rfc3339(now()),
        next: null,
        q: query.q,
        readAs: shown[0]?.by[0] ?? 'nothing of ours',
        certificates,
        cases,
      };
    },
    async channels() {
      const stats = await desk.ledger.stats();
      const rows = desk.listening.map(({ kind, address }) => ({
        ...{ channelId: `${kind}:${address}`, kind, address, state: 'ok' as const, problem: null, lastMessageAt: null },
        canary: { sentAt: null, seenAt: null, ok: null },
        ...{
          lagSecondsP50: null,
          lagSecondsP99: null,
          receivedToday: stats.counts.read + stats.counts.new,
          unreadable: stats.counts.failed,
          quarantine: 0,
          published: null,
        },
      }));
      return { now: rfc3339(now()), rows: [...rows, ...(await testedPaths(desk, now()))] };
    },
    async blockedKeys(query) {
      const page = await desk.blocked.page(Number(query.cursor ?? 0) || 0, query.limit);
      const { count } = await desk.blocked.watermark();
      const rows = page.rows.map((r) => ({
        spkiSha256: r.spkiSha256,
        blockedAt: rfc3339(r.blockedAt),
        caseId: r.caseId,
        because: r.because,
        proof: r.proof !== null,
        certificates: 0,
      }));
      return { now: rfc3339(now()), next: page.next === null ? null : String(page.next), total: count, rows };
    },
    async blockedKey(spkiSha256) {
      const entry = (await desk.blocked.lookup([spkiSha256])).get(spkiSha256);
      if (entry === undefined) return { spkiSha256, blocked: false, blockedAt: null, reason: null };
      return { spkiSha256, blocked: true, blockedAt: rfc3339(entry.blockedAt), reason: 'keyCompromise' };
    },
    async connectors() {
      return { now: rfc3339(now()), rows: [] };
    },
    async ladders(query) {
      return presentLadders(desk.policies.policy, query.startAt === undefined ? now() : at(query.startAt), now());
    },
    async log(query) {
      const head = await desk.store.log.head();
      const before = query.before ?? head.size + 1;
      const from = Math.max(0, before - 1 - query.limit);
      const events = (await desk.store.cases.eventsSince(from, query.limit)).filter((e) => e.globalSeq < before);
      const wanted = events.filter(
        (e) =>
          (query.caseId === undefined || e.caseId === query.caseId) &&
          (query.type === undefined || e.type === query.type),
      );
      const rows = wanted
        .map((e) => ({
          seq: e.globalSeq,
          at: rfc3339(e.at),
          caseId: caseOf(e),
          type: e.type,
          by: e.by,
          text: e.caseId === houseStream ? houseSentence(e) : sentenceOf(typed(e)),
          leaf: null,
        }))
        .reverse();
      return {
        now: rfc3339(now()),
        next: from > 0 ? String(from) : null,
        rows,
        log: { size: head.size, root: null, verifiedAt: null, ok: null, problem: null },
      };
    },
  };
}

/** Null for what concerns the house and no case. */
function caseOf(event: StoredEvent): string | null {
  return event.caseId === houseStream ? null : event.caseId;
}

function summaryOf(letter: Letter): c.LetterSummary {
  return {
    letterId: letter.letterId,
    kind: letter.kind,
    audience: letter.audience,
    to: letter.to,
    language: letter.language,
    subject: letter.subject,
    state: letter.state,
    at: rfc3339(letter.at),
    problem: letter.problem,
  } as c.LetterSummary;
}

async function certificatesPage(
  desk: Desk,
  setId: string,
  matterId: string,
  query: c.CertificatesQuery,
  now: Instant,
): Promise<c.CertificatesPage> {
  const all: Awaited<ReturnType<typeof desk.parts.sets.page>>[number][] = [];
  for (let after: string | null = null; ; ) {
    const page: readonly (typeof all)[number][] = await desk.parts.sets.page(setId, after, 5_000);
    all.push(...page);
    after = page.at(-1)?.fingerprint ?? null;
    if (after === null || page.length < 5_000) break;
  }
  const stateOf = (row: (typeof all)[number]): c.CertificateState => {
    if (row.state === 'attempted') return 'ordered';
    if (row.state !== 'identified') return row.state;
    return row.notBefore !== null && Temporal.Instant.compare(now, row.notBefore) < 0
      ? 'scheduled'
      : row.problem === null
        ? 'valid'
        : 'failing';
  };
  const counts: Record<string, number> = {};
  for (const row of all) counts[stateOf(row)] = (counts[stateOf(row)] ?? 0) + 1;
  const matching = await matchingRows(desk, all, query, stateOf);
  const shown = matching.slice(query.from, query.from + query.limit);
  const facts = new Map(
    (await desk.bulk.byFingerprints(shown.map((r) => r.fingerprint))).map((f) => [f.fingerprint, f]),
  );
  const probes = new Map((await desk.readings.probes(shown.map((r) => r.fingerprint))).map((p) => [p.fingerprint, p]));
  const rows = shown.map((row) => {
    const fact = facts.get(row.fingerprint);
    const probe = probes.get(row.fingerprint);
    const seen = (state: string | undefined) =>
      probe === undefined || state === undefined || state === 'not-named'
        ? null
        : {
            state: state as 'good' | 'revoked' | 'unknown',
            at: rfc3339(probe.at),
            reason: probe.reason as c.Reason | null,
          };
    return {
      fingerprint: row.fingerprint,
      serial: row.serial,
      name: fact?.names[0] ?? '',
      names: fact?.names.length ?? 0,
      subscriber: row.subscriber,
      notAfter: fact === undefined ? rfc3339(now) : rfc3339(fact.notAfter),
      state: stateOf(row),
      crl: seen(probe?.crl),
      ocsp: seen(probe?.ocsp),
      acceptedAt: row.acceptedAt === null ? null : rfc3339(row.acceptedAt),
      publishedAt: row.publishedAt === null ? null : rfc3339(row.publishedAt),
      replaced: false,
      problem: row.problem,
    };
  });
  return {
    now: rfc3339(now),
    next: null,
    matterId,
    setId,
    total: matching.length,
    from: query.from,
    counts: counts as c.CertificatesPage['counts'],
    rows,
  };
}

async function matchingRows<
  R extends { readonly fingerprint: Fingerprint; readonly serial: string; readonly subscriber: string | null },
>(
  desk: Desk,
  all: readonly R[],
  query: c.CertificatesQuery,
  stateOf: (row: R) => c.CertificateState,
): Promise<readonly R[]> {
  const inState = query.state === undefined ? all : all.filter((row) => stateOf(row) === query.state);
  if (query.q === undefined || query.q === '') return inState;
  const wanted = query.q.toLowerCase();
  const byName = new Set(
    (await desk.bulk.byFingerprints(inState.map((r) => r.fingerprint)))
      .filter((f) => f.names.some((n) => n.includes(wanted)))
      .map((f) => f.fingerprint),
  );
  return inState.filter(
    (r) =>
      byName.has(r.fingerprint) || r.serial.includes(wanted) || (r.subscriber ?? '').toLowerCase().includes(wanted),
  );
}

async function pause(duration: Temporal.Duration, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, duration.total('milliseconds'));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
