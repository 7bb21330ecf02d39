/** The promises of docs/architecture.md as questions to a finished story. Each returns what is broken, in words. */
import { loadCase } from '../../src/app/change-case.ts';
import { eventFromJson } from '../../src/app/event-json.ts';
import type { Case } from '../../src/desk/case.ts';
import type { Event } from '../../src/desk/events.ts';
import { evolve } from '../../src/desk/evolve.ts';
import type { CaseId } from '../../src/foundation/brand.ts';
import { keyHashes } from '../../src/foundation/pki/spki.ts';
import { isBefore } from '../../src/foundation/time/time.ts';
import { orderOf } from './orders.ts';
import type { Story } from './world.ts';

type Checker = (story: Story, facts: Facts) => Promise<readonly string[]> | readonly string[];

interface Facts {
  readonly cases: readonly { readonly current: Case; readonly events: readonly Event[] }[];
  /** Certificates whose key somebody sent. */
  readonly proven: ReadonlySet<string>;
}

export async function brokenPromises(story: Story): Promise<string[]> {
  const facts = await factsOf(story);
  const broken: string[] = [];
  for (const [name, checker] of Object.entries(checkers))
    broken.push(...(await checker(story, facts)).map((what) => `${name}: ${what}`));
  return broken;
}

const checkers: Readonly<Record<string, Checker>> = {
  async 'nothing received is lost, and nothing is two'({ desk, mails }) {
    const receipts = await desk.ledger.list({ limit: 1_000 });
    const broken = mails.filter((m) => m.receiptId === null).map((m) => `${m.from} was never taken`);
    if (receipts.length !== mails.length) broken.push(`${mails.length} mails, ${receipts.length} receipts`);
    const unread = receipts.filter((r) => r.state !== 'read');
    return [...broken, ...unread.map((r) => `${r.id} is still ${r.state}`)];
  },

  'every report is in exactly one case'({ mails }, { cases }) {
    return mails.flatMap((mail) => {
      const found = cases.filter(({ current }) => current.reports.some((r) => r.reportId === mail.receiptId)).length;
      const wanted = mail.kind === 'ordinary' ? 0 : 1;
      return found === wanted ? [] : [`${mail.kind} of ${mail.from} is in ${found} cases`];
    });
  },

  'the clock starts no later than the desk took the report'({ mails }, { cases }) {
    return mails.flatMap((mail) => {
      const report = cases.flatMap((c) => c.current.reports).find((r) => r.reportId === mail.receiptId);
      return report !== undefined && mail.acceptedAt !== null && isBefore(mail.acceptedAt, report.startAt)
        ? [`${mail.from}: starts ${report.startAt}, taken ${mail.acceptedAt}`]
        : [];
    });
  },

  'the clock only ever moves earlier'(_, { cases }) {
    return cases.flatMap(({ current, events }) => {
      const broken: string[] = [];
      let before: Case | null = null;
      for (const event of events) {
        const after = evolve(current.caseId, before, event);
        for (const report of before?.reports ?? []) {
          const now = after.reports.find((r) => r.reportId === report.reportId);
          if (now === undefined || isBefore(report.startAt, now.startAt))
            broken.push(`${report.reportId} at ${event.type}`);
        }
        for (const matter of before?.matters ?? []) {
          const now = after.matters.find((m) => m.matterId === matter.matterId);
          if (now === undefined || isBefore(matter.startAt, now.startAt))
            broken.push(`${matter.matterId} at ${event.type}`);
        }
        before = after;
      }
      return broken;
    });
  },

  async 'exactly the certificates of proven keys are revoked, for key compromise'({ world, connector }, { proven }) {
    const broken: string[] = [];
    for (const certificate of world.certificates.values()) {
      const record = await connector.record(orderOf(certificate));
      const wanted = proven.has(certificate.ref) ? 'revoked' : 'good';
      if (record.state !== wanted) broken.push(`${certificate.ref} is ${record.state}, not ${wanted}`);
      else if (record.state === 'revoked' && record.reason !== 'keyCompromise')
        broken.push(`${certificate.ref} has the reason ${record.reason}`);
    }
    return broken;
  },

  async 'exactly the proven keys are blocked'({ desk, world }, { proven }) {
    const broken: string[] = [];
    for (const certificate of world.certificates.values()) {
      const blocked = await desk.isBlocked(keyHashes(world.key(certificate.key).spki).canonical);
      if (blocked !== proven.has(certificate.ref)) broken.push(`${certificate.ref}: blocked is ${blocked}`);
    }
    return broken;
  },

  'never late'(_, { cases }) {
    return cases.flatMap(({ current, events }) => [
      ...events.filter((e) => e.type === 'DeadlineMissed').map((e) => `${current.caseId}: missed at ${e.at}`),
      ...current.matters.flatMap(({ matterId, closed, publishedAt, dueAt, verdict }) =>
        closed === null &&
        verdict === 'proven-key' &&
        (publishedAt === null || (dueAt !== null && isBefore(dueAt, publishedAt)))
          ? [`${current.caseId}/${matterId}: published ${publishedAt}, due ${dueAt}`]
          : [],
      ),
    ]);
  },

  async 'published is said after the CA has it on record, and once'({ world, connector }, { cases }) {
    const broken: string[] = [];
    for (const { current, events } of cases) {
      for (const matter of current.matters) {
        if (matter.published > matter.set.count)
          broken.push(`${matter.matterId}: ${matter.published} of ${matter.set.count}`);
        const first = events.find((e) => e.type === 'RevocationPublished' && e.matterId === matter.matterId);
        if (first === undefined) continue;
        for (const { fingerprint } of matter.set.listed) {
          const certificate = world.byFingerprint(fingerprint);
          const record = certificate === undefined ? null : await connector.record(orderOf(certificate));
          if (record?.state !== 'revoked')
            broken.push(`${certificate?.ref} was called published and is ${record?.state}`);
        }
      }
    }
    return broken;
  },

  'every reporter of a key is told: received, findings, done'({ mails, delivered }) {
    return mails
      .filter((mail) => mail.kind === 'key')
      .flatMap((mail) => {
        const own = delivered.filter((d) => d.letter.to === mail.from).map((d) => d.letter.letterId);
        const kinds = new Set(own);
        return kinds.size >= 2 ? [] : [`${mail.from} got ${[...kinds].join(', ') || 'nothing'}`];
      });
  },

  'the same letter says the same, however often it is sent'({ delivered }) {
    const texts = new Map<string, string>();
    return delivered.flatMap(({ letter }) => {
      // How long ago, and when it was written, are true at each sending.
      const text = letter.text.replaceAll(/\([^()]*\)|^Written .*$/gm, '').replaceAll(/\s+/g, ' ');
      const known = texts.get(letter.letterId);
      texts.set(letter.letterId, text);
      return known === undefined || known === text ? [] : [`${letter.letterId}\n${known}\n${text}`];
    });
  },

  async 'the log verifies'({ desk }) {
    const verdict = await desk.store.log.verify();
    return verdict.ok ? [] : [JSON.stringify(verdict)];
  },
};

async function factsOf({ desk, world, mails }: Story): Promise<Facts> {
  const cases: { current: Case; events: readonly Event[] }[] = [];
  for (const { caseId } of await desk.store.cases.summaries({ limit: 500 })) {
    const current = await loadCase(desk.parts.cases, caseId as CaseId);
    if (current === null) continue;
    const events = (await desk.store.cases.load(caseId)).map((e) =>
      eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
    );
    cases.push({ current, events });
  }
  const sent = new Set(mails.filter((m) => m.kind === 'key').map((m) => world.certificates.get(m.about ?? '')?.key));
  const proven = new Set([...world.certificates.values()].filter((c) => sent.has(c.key)).map((c) => c.ref));
  return { cases, proven };
}
