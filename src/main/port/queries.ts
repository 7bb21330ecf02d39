/** What the console and other programs read: the desk's stores in the shapes of the API's contract. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort } from '../../api/port.ts';
import { presentLadders } from '../../api/present/ladders.ts';
import {
  boardDueOf,
  presentBoardRow,
  presentCase,
  presentInboxItem,
  presentRecentCase,
  titleOf,
  waitsForPerson,
} from '../../api/present/present-case.ts';
import { sentenceOf } from '../../api/present/sentences.ts';
import { upcomingLetters } from '../../app/perform/preview-letters.ts';
import { type Case, stageOf } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import type { Triage } from '../../desk/facts.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { at, hasCome, type Instant, rfc3339, seconds } from '../../foundation/time/time.ts';
import type { StoredEvent } from '../../platform/store/case-store.ts';
import { findAny } from '../../stages/inventory/index.ts';
import type { Letter } from '../../stages/outreach/outbox/outbox.ts';
import { logVerified } from '../night-watch.ts';
import type { Desk } from '../wiring.ts';
import { type CaseReader, typed } from './case-reader.ts';
import { certificatesPage } from './certificates.ts';
import { deskConnectors } from './connectors.ts';
import { houseSentence, houseStream } from './house-log.ts';
import { incidentMarkdown } from './incident.ts';
import { marksIn } from './marks.ts';
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
  | 'upcomingLetters'
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
const rowFresh = seconds(10);
const followEvery = Temporal.Duration.from({ milliseconds: 300 });

/** What sorts and filters the board. */
interface Line {
  readonly live: boolean;
  readonly receivedAt: string;
  readonly title: string;
  readonly dueAt: string;
  readonly waits: boolean;
}

export function deskQueries(desk: Desk, { load, openCases, endedCases }: CaseReader): Queries {
  const now = (): Instant => desk.time.now();
  const latest = async (): Promise<number> => (await desk.store.log.head()).size;

  /** What the night watch found when it last recomputed the whole log. */
  const verification = async () => {
    const beat = (await desk.store.heartbeats.all()).find((b) => b.name === logVerified);
    if (beat === undefined) return { verifiedAt: null, ok: null, problem: null };
    const ok = beat.detail === '';
    return { verifiedAt: rfc3339(beat.at), ok, problem: ok ? null : beat.detail };
  };
  /** What sorts and filters the board, kept for as long as neither case nor policy changes. */
  let lines = new WeakMap<Case, Line>();
  let linesUnder: unknown = null;
  const lineOf = (current: Case) => {
    if (linesUnder !== desk.policies.policy) {
      lines = new WeakMap();
      linesUnder = desk.policies.policy;
    }
    const known = lines.get(current);
    if (known !== undefined) return known;
    const { policy } = desk.parts;
    const stage = stageOf(current);
    const line = {
      live: stage !== 'dismissed' && stage !== 'closed',
      receivedAt: rfc3339(current.receivedAt),
      title: titleOf(current).toLowerCase(),
      dueAt: boardDueOf(current, policy),
      waits: waitsForPerson(current, policy),
    };
    lines.set(current, line);
    return line;
  };

  /** A line of the board as it was some seconds ago, while the case is the same: only what time alone does is as old. */
  const rows = new WeakMap<Case, { readonly row: c.BoardRow; readonly until: Instant; readonly under: unknown }>();
  const rowOf = (current: Case, last: Event): c.BoardRow => {
    const known = rows.get(current);
    if (known !== undefined && known.under === desk.policies.policy && !hasCome(known.until, now())) return known.row;
    const row = presentBoardRow({ current, last, policy: desk.parts.policy, now: now() });
    rows.set(current, { row, until: now().add(rowFresh), under: desk.policies.policy });
    return row;
  };

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
      await desk.policies.follow();
      const cases = await openCases();
      const ended = query.cursor === undefined ? await endedCases() : [];
      const shown = cases
        .map(({ current, last }) => ({ current, last, line: lineOf(current) }))
        .filter(
          ({ current, line }) =>
            line.live &&
            (query.team === undefined || current.team === query.team) &&
            (query.q === undefined || line.title.includes(query.q.toLowerCase())),
        )
        .sort((a, b) => (a.line.dueAt < b.line.dueAt ? -1 : a.line.dueAt > b.line.dueAt ? 1 : 0));
      const from = Number(query.cursor ?? 0) || 0;
      const beats = await desk.store.heartbeats.all();
      const sweep = beats.find((b) => b.name === 'sweep' || b.name === 'wake-ups');
      const verified = beats.find((b) => b.name === logVerified && b.detail === '');
      const last = [...cases, ...ended].reduce((latest, { current }) => {
        const { receivedAt } = lineOf(current);
        return receivedAt > latest ? receivedAt : latest;
      }, '');
      const head = await desk.store.log.head();
      return {
        now: rfc3339(now()),
        next: shown.length > from + query.limit ? String(from + query.limit) : null,
        seq: head.size,
        total: shown.length,
        waiting: shown.filter(({ line }) => line.waits).length,
        rows: shown.slice(from, from + query.limit).map(({ current, last }) => rowOf(current, last)),
        recent:
          from > 0
            ? []
            : ended
                .flatMap(({ current, last }) => presentRecentCase(current, last) ?? [])
                .sort((a, b) => (a.endedAt < b.endedAt ? 1 : -1))
                .slice(0, 20),
        quiet: {
          sweptAt: sweep === undefined ? null : rfc3339(sweep.at),
          lastReportAt: last === '' ? null : last,
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
      const found = reading.triage as unknown as Triage;
      const blocks = message.texts.map(({ role, path, text }) => {
        const shown = text.slice(0, 100_000);
        return { role, path, text: shown, marks: marksIn(shown, found) };
      });
      return { now: rfc3339(now()), reportId, blocks, html: null, problems: message.problems };
    },
    async upcomingLetters(caseId) {
      const found = await load(caseId);
      if (found === null) return null;
      const steps = await upcomingLetters(desk.parts, found.current, now());
      return {
        now: rfc3339(now()),
        steps: steps.map((step) => ({
          ...step,
          at: step.at === null ? null : rfc3339(step.at),
          letters: step.letters.map((letter) => ({ ...letter, html: letter.html ?? null })),
        })),
      };
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
      const blocked = await desk.blocked.lookup([...new Set(shown.map((m) => m.certificate.spkiHash))]);
      const certificates = shown.map(({ certificate: f }) => ({
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
        blocked: blocked.has(f.spkiHash),
        cases: places.filter((p) => p.fingerprint === f.fingerprint).map((p) => p.caseId),
      }));
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
    connectors: () => deskConnectors(desk),
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
        log: { size: head.size, root: head.root.toString('hex'), ...(await verification()) },
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

async function pause(duration: Temporal.Duration, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, duration.total('milliseconds'));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
