import { describe, expect, it } from 'vitest';
import { at, hours } from '../../foundation/time/time.ts';
import { judgeOrder } from './automation-policy.ts';
import { type AdoptionCertificate, type AdvisedCertificate, adoptionOf } from './figures.ts';
import { adoptionCsv, adoptionHtml, adoptionMarkdown, subscribersCsv } from './report.ts';

const now = at('2026-09-30T00:00:00Z');
const since = at('2026-07-01T00:00:00Z');
const certificate = (over: Partial<AdoptionCertificate>): AdoptionCertificate => ({
  subscriber: 'A',
  ordered: 'acme',
  polledAt: at('2026-09-29T12:00:00Z'),
  notAfter: at('2026-11-01T00:00:00Z'),
  ...over,
});
const advised = (subscriber: string, took: number | null, advisedAt = '2026-08-01T00:00:00Z'): AdvisedCertificate => ({
  subscriber,
  advisedAt: at(advisedAt),
  replacedAt: took === null ? null : at(advisedAt).add({ hours: took }),
});
const aQuarter = () =>
  adoptionOf({
    now,
    since,
    certificates: [
      certificate({}),
      certificate({ polledAt: at('2026-09-27T00:00:00Z') }),
      certificate({ subscriber: 'B', ordered: 'manual', polledAt: null }),
      certificate({ subscriber: '=C<b>', ordered: 'api', polledAt: null }),
      certificate({ subscriber: 'D', ordered: 'unknown', polledAt: null }),
      certificate({ subscriber: 'gone', notAfter: at('2026-09-01T00:00:00Z') }),
    ],
    advised: [
      advised('A', 2),
      advised('A', 24),
      advised('B', 30),
      advised('=C<b>', null, '2026-09-29T12:00:00Z'),
      advised('D', null, '2026-06-01T00:00:00Z'),
    ],
  });

describe('adoption figures', () => {
  it('count live certificates, listening agents and orders by channel', () => {
    expect(aQuarter().overall).toMatchObject({ certificates: 5, acme: 2, api: 1, manual: 1, unknown: 1, polling: 1 });
  });

  it('say who has shown it, who has failed, who still has time, and who was never asked', () => {
    const { readiness, perSubscriber } = aQuarter();
    expect(readiness).toEqual({ shown: 1, failed: 1, open: 1, untried: 1 });
    expect(perSubscriber.map((one) => [one.subscriber, one.readiness])).toEqual([
      ['B', 'failed'],
      ['=C<b>', 'open'],
      ['D', 'untried'],
      ['A', 'shown'],
    ]);
  });

  it('turn from open to failed when the limit passes without a replacement', () => {
    const after = adoptionOf({ now, since, certificates: [], advised: [advised('A', null, '2026-09-28T23:59:59Z')] });
    expect(after.readiness.failed).toBe(1);
    const onTheSecond = adoptionOf({
      now,
      since,
      certificates: [],
      advised: [advised('A', null, '2026-09-29T00:00:00Z')],
    });
    expect(onTheSecond.readiness.open).toBe(1);
  });

  it('take the median over all who were asked, so that those who never replaced do not flatter it', () => {
    expect(aQuarter().overall.medianReplacement!.total('hours')).toBe(27);
    const half = adoptionOf({ now, since, certificates: [], advised: [advised('A', 1), advised('B', null)] });
    expect(half.overall.medianReplacement).toBeNull();
  });

  it('make no figure out of nothing', () => {
    const empty = adoptionOf({ now, since, certificates: [], advised: [] });
    expect(adoptionMarkdown({ ca: 'CA', label: 'Q', adoption: empty, earlier: [] })).toContain(
      '| Ordered by ACME | – |',
    );
  });
});

describe('the quarterly report', () => {
  const adoption = aQuarter();
  const report = {
    ca: 'Example <CA>',
    label: '2026 Q3',
    adoption,
    earlier: [{ label: '2026 Q2', overall: adoption.overall, readiness: { shown: 0, failed: 2, open: 0, untried: 2 } }],
  };

  it('shows the trend in Markdown and CSV, and names no subscriber', () => {
    const markdown = adoptionMarkdown(report);
    expect(markdown).toContain('| Subscribers who replaced within the limit | 0.0 % | 25.0 % |');
    expect(markdown).toContain('Example \\<CA\\>');
    const csv = adoptionCsv(report);
    expect(csv.split('\r\n')).toEqual([
      'quarter,certificates,subscribers,acme_share,ari_share,manual_share,ready_share,failed_share,median_replacement_seconds',
      '2026 Q2,5,4,0.4000,0.2000,0.2000,0.0000,0.5000,97200',
      '2026 Q3,5,4,0.4000,0.2000,0.2000,0.2500,0.2500,97200',
      '',
    ]);
    expect(`${markdown}${csv}${adoptionHtml(report)}`).not.toContain('C<b>');
  });

  it('is one self-contained page with a text for every chart', () => {
    const html = adoptionHtml(report);
    expect(html).toContain('Example &lt;CA&gt;');
    expect(html.match(/<svg /g)).toHaveLength(3);
    expect(html.match(/role="img" aria-label="[^"]+"/g)).toHaveLength(3);
    expect(html).not.toMatch(/<script|https?:|url\(/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('gives staff the names, and no formula to their spreadsheet', () => {
    expect(subscribersCsv(adoption).split('\r\n')[2]).toBe("'=C<b>,open,1,0,1,0,0,0,1,0,");
  });
});

describe('an automation policy', () => {
  const policy = {
    account: 'acct-1',
    steps: [
      { step: 'remind' as const, from: at('2026-01-01T00:00:00Z'), because: 'please automate' },
      {
        step: 'shorten' as const,
        from: at('2026-06-01T00:00:00Z'),
        lifetimeMax: hours(24 * 45),
        because: 'now 45 days',
      },
      { step: 'require-acme' as const, from: at('2026-10-01T00:00:00Z'), because: 'renewals by ACME from October' },
    ],
  };
  const order = { account: 'acct-1', orderedBy: 'manual' as const, isRenewal: true, lifetime: hours(24 * 90) };

  it('reminds, then shortens, then refuses a renewal by hand, and says so before it holds', () => {
    expect(judgeOrder(policy, order, at('2026-05-01T00:00:00Z'))).toEqual({
      answer: 'allow',
      lifetime: hours(24 * 90),
      tell: ['please automate', 'now 45 days', 'renewals by ACME from October'],
    });
    expect(judgeOrder(policy, order, now)).toMatchObject({ answer: 'allow', lifetime: hours(24 * 45) });
    expect(judgeOrder(policy, order, at('2026-10-01T00:00:00Z'))).toMatchObject({
      answer: 'refuse',
      code: 'acme_required',
    });
  });

  it('leaves ACME orders and first certificates alone, and lengthens nothing', () => {
    const october = at('2026-10-01T00:00:00Z');
    expect(judgeOrder(policy, { ...order, orderedBy: 'acme', lifetime: hours(24 * 7) }, october)).toEqual({
      answer: 'allow',
      lifetime: hours(24 * 7),
      tell: [],
    });
    expect(judgeOrder(policy, { ...order, isRenewal: false }, october)).toMatchObject({ answer: 'allow' });
    expect(judgeOrder(null, order, october)).toEqual({ answer: 'allow', lifetime: order.lifetime, tell: [] });
  });
});
