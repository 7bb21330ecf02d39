/** The house side of the fixture desk: policy, rules lab, readiness, adoption, webhooks, exports. */
import type * as c from '../../src/api/contract/index.ts';
import type { DeskPort, HouseAct, Principal } from '../../src/api/port.ts';
import { comparePolicies } from '../../src/desk/policy/compare.ts';
import { approvalActs, defaultPolicy, type Policy, policyBounds, policyOf } from '../../src/desk/policy/cps-overlay.ts';
import { ladderNames } from '../../src/desk/policy/ladder.ts';
import { type Refusal, refuse } from '../../src/desk/refusal.ts';
import { at, rfc3339 } from '../../src/foundation/time/time.ts';
import type { VirtualTime } from '../../src/foundation/time/virtual-time.ts';

type House = Pick<
  DeskPort,
  | 'readiness'
  | 'unreachable'
  | 'adoption'
  | 'tryRules'
  | 'reporterData'
  | 'actsOf'
  | 'policy'
  | 'previewPolicy'
  | 'publishPolicy'
  | 'decidePolicy'
  | 'webhooks'
  | 'addWebhook'
  | 'removeWebhook'
>;

const document = 'Harbour Trust CPS';
const limits = [
  {
    id: 'TLS-03',
    document: 'TLS BR',
    section: '4.9.1.1 (3)',
    says: 'The key of the certificate is compromised.',
    bookSeconds: 86_400,
  },
  {
    id: 'TLS-12',
    document: 'TLS BR',
    section: '4.9.1.1 (12)',
    says: 'The certificate was not issued in accordance with the requirements.',
    bookSeconds: 432_000,
  },
];

export class FixtureHouse implements House {
  protected readonly time: VirtualTime;
  /** What was recorded about the house, for tests to look at. */
  readonly acts: HouseAct[] = [];
  #policy: Policy = { ...defaultPolicy, document, version: 'published 3', silenceSeconds: 4 * 3600 };
  #overlay: c.PolicyOverlay = { silenceSeconds: 4 * 3600 };
  #versions: c.PolicyVersion[] = [
    {
      ...{ version: 3, state: 'in-force', by: 'person:p-lindqvist', at: '2026-10-02T09:12:44Z', agreedBy: null },
      because: 'After the drill of September: six hours left nobody time to call twice.',
      changes: ['A silent subscriber is waited for: 4 h instead of 6 h.'],
    },
    {
      ...{ version: 2, state: 'declined', by: 'person:m-oduya', at: '2026-09-14T14:02:10Z', agreedBy: 'person:i-sato' },
      because: 'Fewer letters at night.',
      changes: ['Ladder 5-days, step reminder-2: taken away instead of 48 h after the start.'],
    },
    {
      ...{ version: 1, state: 'replaced', by: 'person:p-lindqvist', at: '2026-06-30T08:00:00Z', agreedBy: null },
      because: 'CPS 4.2 comes into force.',
      changes: ['People for revoke-on-records: 2 instead of 1.'],
    },
  ];
  #webhooks: c.Webhook[] = [
    {
      ...{ webhookId: 'hook-5c1e0a9b77f2', url: 'https://siem.harbour.example/rescind', types: [] },
      ...{ by: 'person:p-lindqvist', addedAt: '2026-09-01T08:00:00Z', sentSeq: 41_911 },
      ...{ deliveredAt: '2026-11-24T03:06:58Z', problem: null, nextAttemptAt: null },
    },
    {
      ...{ webhookId: 'hook-90aa31c4d0e8', url: 'https://status.harbour.example/hook', types: ['RevocationPublished'] },
      ...{ by: 'person:i-sato', addedAt: '2026-11-02T10:31:00Z', sentSeq: 41_702 },
      ...{ deliveredAt: '2026-11-23T19:44:10Z', problem: 'The receiver answered HTTP 503.' },
      nextAttemptAt: '2026-11-24T03:44:10Z',
    },
  ];

  constructor(time: VirtualTime) {
    this.time = time;
  }

  #now(): string {
    return rfc3339(this.time.now());
  }

  async policy(): Promise<c.PolicyView> {
    const inForce = this.#versions.find((v) => v.state === 'in-force');
    return {
      now: this.#now(),
      version: inForce?.version ?? 0,
      document,
      overlay: this.#overlay,
      silenceSeconds: this.#policy.silenceSeconds,
      publishMarginSeconds: this.#policy.publishMarginSeconds,
      bounds: policyBounds,
      limits: limits.map((l) => ({ ...l, seconds: this.#policy.limits[l.id] ?? l.bookSeconds })),
      approvals: approvalActs.map((act) => ({
        ...{ act, people: this.#policy.approvals[act], least: defaultPolicy.approvals[act] },
      })),
      ladders: ladderNames.map((name) => ({
        name,
        steps: this.#policy.ladders[name].map((s) => ({ ...s, skipWhen: [...s.skipWhen] })),
        shipped: defaultPolicy.ladders[name].map((s) => ({ ...s, skipWhen: [...s.skipWhen] })),
      })),
      history: [...this.#versions],
      waiting: this.#versions.find((v) => v.state === 'waits-for-second-person') ?? null,
    };
  }

  async previewPolicy(overlay: c.PolicyOverlay): Promise<c.PolicyPreview> {
    const base = { now: this.#now(), openCases: 9, affectedTotal: 0, affected: [] };
    const made = this.#made(overlay);
    if (!made.ok) return { ...base, problems: made.problems.map((p) => ({ ...p })), changes: [], looser: false };
    const changes = this.#differences(made.policy).map((x) => ({ ...x }));
    const moves = made.policy.silenceSeconds - this.#policy.silenceSeconds;
    const before = at('2026-11-24T07:19:00Z');
    const affected: c.PolicyPreview['affected'] =
      moves === 0
        ? []
        : [
            {
              ...{ caseId: 'C-2026-0412', matterId: 'M-1', title: 'shop.customer.example and 3 more' },
              ...{ dueAt: '2026-11-25T03:19:00Z', cutOffBefore: rfc3339(before) },
              cutOffAfter: rfc3339(before.add({ seconds: moves })),
              atOnce: Temporal.Instant.compare(before.add({ seconds: moves }), this.time.now()) <= 0,
              says: `Revocation without an answer goes ahead at ${rfc3339(before.add({ seconds: moves }))} instead of ${rfc3339(before)}.`,
            },
          ];
    return {
      ...base,
      problems: [],
      changes,
      looser: changes.some((x) => x.looser),
      affectedTotal: affected.length,
      affected,
    };
  }

  async publishPolicy(wanted: c.PolicyPublishIn, by: Principal): Promise<c.PolicyPublished | Refusal> {
    const view = await this.policy();
    if (wanted.basedOn !== view.version)
      return refuse(
        'case_changed',
        `Version ${view.version} is in force, not ${wanted.basedOn}. Reload and look again.`,
      );
    const made = this.#made(wanted.overlay);
    if (!made.ok) return refuse('policy_refused', made.problems[0]?.message ?? '');
    const changes = this.#differences(made.policy);
    if (changes.length === 0) return refuse('nothing_changes', 'This is the policy in force already.');
    const looser = changes.some((x) => x.looser);
    const version = Math.max(...this.#versions.map((v) => v.version)) + 1;
    const state = looser ? ('waits-for-second-person' as const) : ('in-force' as const);
    if (!looser) {
      this.#versions = this.#versions.map((v) => (v.state === 'in-force' ? { ...v, state: 'replaced' } : v));
      this.#policy = made.policy;
      this.#overlay = wanted.overlay;
    }
    this.#versions.unshift({
      ...{ version, state, by: by.id, at: this.#now(), because: wanted.because, agreedBy: null },
      changes: changes.map((x) => `${x.what}: ${x.after} instead of ${x.before}.`),
    });
    return { now: this.#now(), version, state, text: looser ? 'A second person has to agree.' : 'In force.' };
  }

  async decidePolicy(
    version: number,
    decision: c.ProposalDecision,
    by: Principal,
  ): Promise<c.PolicyPublished | Refusal | null> {
    const found = this.#versions.find((v) => v.version === version && v.state === 'waits-for-second-person');
    if (found === undefined) return null;
    if (decision.decision === 'agree' && found.by === by.id)
      return refuse('same_person', 'You published this yourself; another person has to agree.');
    const state = decision.decision === 'agree' ? ('in-force' as const) : ('declined' as const);
    this.#versions = this.#versions.map((v) => (v === found ? { ...v, state, agreedBy: by.id } : v));
    return { now: this.#now(), version, state, text: state === 'in-force' ? 'In force.' : 'Declined.' };
  }

  #made(overlay: c.PolicyOverlay) {
    return policyOf({ ...(overlay as object), document, version: 'proposed' });
  }

  #differences(after: Policy) {
    return comparePolicies(
      this.#policy,
      after,
      limits.map((l) => ({ id: l.id, seconds: l.bookSeconds })),
    );
  }

  async tryRules({ thresholds }: c.RulesLabIn): Promise<c.RulesLab> {
    const shut = thresholds.openFrom > 0.65;
    return {
      now: this.#now(),
      inForce: { openFrom: 0.65, fileBelow: 0.15, fileStrangersBelow: 0.18 },
      read: 412,
      counts: {
        before: { open: 61, review: 74, filed: 277 },
        after: { open: shut ? 59 : 61, review: shut ? 76 : 74, filed: 277 },
      },
      weaker: shut ? 2 : 0,
      movedTotal: shut ? 2 : 0,
      moved: shut
        ? [
            {
              ...{ reportId: 'R-9017', caseId: 'C-2026-0412', subject: 'leaked keys on a public repository' },
              before: { label: 'key-compromise', action: 'open-case', deadlineHours: 24, score: 0.71 },
              after: { label: 'key-compromise', action: 'human-review', deadlineHours: 24, score: 0.71 },
              weaker: true,
            },
            {
              ...{ reportId: 'R-8990', caseId: 'C-2026-0409', subject: 'wrong organisation name in certificate' },
              before: { label: 'misissuance', action: 'open-case', deadlineHours: 120, score: 0.68 },
              after: { label: 'misissuance', action: 'human-review', deadlineHours: 120, score: 0.68 },
              weaker: true,
            },
          ]
        : [],
    };
  }

  async readiness(): Promise<c.Readiness> {
    const shift = (level: number, person: string, from: string, until: string) =>
      ({ level, person, from, until, because: 'turn' }) as const;
    return {
      now: this.#now(),
      until: '2026-12-01T03:07:12Z',
      ready: false,
      problems: [
        'revoke@harbour.example: the last test report came out of the junk folder.',
        '2 subscribers have no contact that works.',
      ],
      onCall: {
        configured: true,
        now: [
          { level: 0, person: 'm.oduya', because: 'turn' },
          { level: 1, person: 'i.sato', because: 'override' },
        ],
        shifts: [
          shift(0, 'm.oduya', '2026-11-23T08:00:00Z', '2026-11-26T08:00:00Z'),
          shift(0, 'p.lindqvist', '2026-11-26T08:00:00Z', '2026-12-01T03:07:12Z'),
          { ...shift(1, 'i.sato', '2026-11-23T08:00:00Z', '2026-11-30T08:00:00Z'), because: 'override' },
        ],
        gaps: [{ level: 1, from: '2026-11-30T08:00:00Z', until: '2026-12-01T03:07:12Z' }],
        people: [
          {
            person: 'm.oduya',
            contacts: [
              { channel: 'sms', to: '+44 20 7946 0018', state: 'good', at: '2026-11-20T09:00:00Z' },
              { channel: 'webhook', to: 'pagerduty', state: 'good', at: '2026-11-24T02:58:00Z' },
            ],
          },
          {
            person: 'i.sato',
            contacts: [{ channel: 'email', to: 'i.sato@harbour.example', state: 'stale', at: '2025-10-01T09:00:00Z' }],
          },
        ],
      },
      channels: [
        {
          ...{ address: 'problem-reporting@harbour.example', state: 'ok', problem: null },
          ...{ testedAt: '2026-11-24T03:00:00Z', seenAt: '2026-11-24T03:00:41Z' },
        },
        {
          ...{ address: 'revoke@harbour.example', state: 'failing' },
          problem: 'the last test report came out of the junk folder.',
          ...{ testedAt: '2026-11-24T03:00:00Z', seenAt: '2026-11-24T03:01:12Z' },
        },
      ],
      contacts: { subscribers: 3_204, unreachable: 2, oneWay: 911, unverified: 140 },
    };
  }

  async unreachable(query: c.PageQuery): Promise<c.Unreachable> {
    const rows: c.Unreachable['rows'] = [
      {
        ...{ subscriber: 'acct-20417', name: 'Harbour Freight Ltd', problem: 'nobody-home', caseIds: ['C-2026-0398'] },
        contacts: [
          { channel: 'email', to: 'it@harbour-freight.example', state: 'failed', at: '2026-11-23T21:04:00Z' },
          { channel: 'phone', to: '+44 161 496 0000', state: 'failed', at: '2026-11-23T22:10:00Z' },
        ],
      },
      {
        ...{ subscriber: 'acct-11902', name: 'Customer Example', problem: 'one-way', caseIds: ['C-2026-0412'] },
        contacts: [{ channel: 'email', to: 'ops@customer.example', state: 'good', at: '2026-11-24T03:02:00Z' }],
      },
      {
        ...{ subscriber: 'acct-00731', name: 'Northwind Dental', problem: 'reverify', caseIds: [] },
        contacts: [
          { channel: 'email', to: 'office@northwind.example', state: 'stale', at: '2025-06-01T10:00:00Z' },
          { channel: 'phone', to: '+1 202 555 0143', state: 'stale', at: '2025-06-01T10:05:00Z' },
        ],
      },
    ];
    const wanted = rows.filter((r) => query.q === undefined || r.name.toLowerCase().includes(query.q.toLowerCase()));
    return { now: this.#now(), next: null, total: wanted.length, rows: wanted };
  }

  async adoption(_query: c.PageQuery): Promise<c.Adoption> {
    const figures = (certificates: number, acme: number, polling: number, advised: number, replaced: number) => ({
      ...{ certificates, acme, api: 0, manual: 0, unknown: certificates - acme, polling, advised, replaced },
      medianReplacementSeconds: replaced > advised / 2 ? 5_400 : null,
    });
    return {
      ...{ now: this.#now(), next: null, since: '2025-11-24T03:07:12Z', limitSeconds: 86_400, subscribers: 4 },
      overall: figures(91_402, 61_188, 40_911, 83_271, 70_014),
      readiness: { shown: 1, failed: 1, open: 1, untried: 1 },
      rows: [
        { subscriber: 'acct-20417', readiness: 'failed', ...figures(12, 0, 0, 12, 4) },
        { subscriber: 'acct-11902', readiness: 'open', ...figures(4, 4, 3, 4, 1) },
        { subscriber: 'acct-00731', readiness: 'untried', ...figures(2, 0, 0, 0, 0) },
        { subscriber: 'acct-88100', readiness: 'shown', ...figures(83_267, 61_180, 40_908, 83_255, 70_009) },
      ],
    };
  }

  async reporterData(address: string, because: string, by: Principal): Promise<c.ReporterExport> {
    this.acts.push({ type: 'ReporterDataExported', by: by.id, because, about: {} });
    return {
      now: this.#now(),
      address,
      reports: [
        {
          ...{ caseId: 'C-2026-0412', reportId: 'R-9017', receivedAt: '2026-11-24T01:19:00Z' },
          ...{ subject: 'leaked keys on a public repository', text: 'Four keys of yours …', label: 'key-compromise' },
        },
      ],
      letters: [],
      kept: 'Records of the CA that its audits ask for (TLS BR 5.5.2).',
    };
  }

  async actsOf(_personId: string, _limit: number): Promise<Pick<c.PersonExport, 'acts' | 'actsTotal'>> {
    return { acts: [], actsTotal: 0 };
  }

  async automationPolicies(): Promise<c.AutomationPolicies> {
    return { now: this.#now(), rows: [] };
  }
  async automationPolicy(account: string): Promise<c.AutomationPolicy> {
    return { now: this.#now(), account, digest: '', inForce: [], coming: [], order: null };
  }
  async webhooks(): Promise<c.Webhooks> {
    return { now: this.#now(), rows: [...this.#webhooks] };
  }

  async addWebhook({ url, types }: c.WebhookIn, by: Principal): Promise<c.WebhookAdded | Refusal> {
    if (!url.startsWith('https:')) return refuse('webhook_refused', 'It has to be called over https.');
    const webhook: c.Webhook = {
      ...{ webhookId: `hook-${this.#webhooks.length + 1}`, url, types: [...types], by: by.id, addedAt: this.#now() },
      ...{ sentSeq: 41_911, deliveredAt: null, problem: null, nextAttemptAt: null },
    };
    this.#webhooks.push(webhook);
    return { now: this.#now(), webhook, secret: 'whsec_only-a-fixture' };
  }

  async removeWebhook(webhookId: string, _by: Principal): Promise<boolean> {
    const before = this.#webhooks.length;
    this.#webhooks = this.#webhooks.filter((w) => w.webhookId !== webhookId);
    return this.#webhooks.length < before;
  }
}
