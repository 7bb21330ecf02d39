import { html } from 'hono/html';
import type { ReporterStatus } from '../contract/index.ts';
import { type Html, relativeTo, timeTag } from './layout.ts';

const headlines: Record<ReporterStatus['state'], string> = {
  received: 'We have your report.',
  'being-read': 'Your report is being read.',
  accepted: 'Your report is accepted.',
  concluded: 'Your report is concluded.',
  'not-a-report': 'Your message was read and is not a certificate problem report.',
};

/** What became of the report. Says "revoked" only for what relying parties can see. */
export function statusPage(status: ReporterStatus): Html {
  const { now, certificates } = status;
  const all = certificates.total > 0 && certificates.published >= certificates.total;
  return html`
<h1>${headlines[status.state]}</h1>
<p class="soft">Receipt <span class="mono">${status.receiptId}</span>, as of ${timeTag(now)}</p>
<ol class="steps">
<li class="yes">Received ${timeTag(status.receivedAt)}</li>
<li class="${status.items.length > 0 ? 'yes' : ''}">Evidence checked${status.items.length > 0 ? `: ${status.items.length} item${status.items.length === 1 ? '' : 's'}` : ''}</li>
<li class="${status.preliminaryAt === null ? '' : 'yes'}">Findings ${
    status.preliminaryAt === null
      ? html`owed to you${status.findingsDueAt === null ? '' : html` by ${timeTag(status.findingsDueAt)} (${relativeTo(status.findingsDueAt, now)})`}`
      : html`sent to you ${timeTag(status.preliminaryAt)}`
  }</li>
${
  certificates.total === 0
    ? ''
    : html`<li class="${all ? 'yes' : ''}">${
        all
          ? html`<span class="done">Revoked: everybody can see it</span>${status.publishedAt === null ? '' : html`, ${timeTag(status.publishedAt)}`}`
          : html`Revocation of ${certificates.total} certificate${certificates.total === 1 ? '' : 's'}: ${certificates.published} can be seen as revoked${
              status.dueAt === null
                ? ''
                : html`, all of them by ${timeTag(status.dueAt)} (${relativeTo(status.dueAt, now)})`
            }`
      }</li>`
}
</ol>
${
  status.items.length === 0
    ? ''
    : html`<h2>What you sent and what it shows</h2>
<div class="wide"><table><thead><tr><th scope="col">Item</th><th scope="col">Verdict</th><th scope="col">Why</th></tr></thead><tbody>
${status.items.map((i) => html`<tr><td>${i.source}</td><td class="${i.verdict.startsWith('proven') || i.verdict === 'computable' ? 'proven' : ''}">${i.verdict.replaceAll('-', ' ')}</td><td>${i.because}</td></tr>`)}
</tbody></table></div>`
}
<p class="soft">Something to add? Answer any of our mails, or write to <a href="mailto:${status.contact}">${status.contact}</a> and name the receipt.</p>`;
}
