import { html } from 'hono/html';
import type { RenewalExplanation } from '../contract/index.ts';
import { type Html, timeTag } from './layout.ts';

/** What the ARI `explanationURL` leads to (RFC 9773, 4.2): why the client was asked to renew early. */
export function renewalPage(explanation: RenewalExplanation): Html {
  return html`
<h1>${explanation.revoked ? 'This certificate is revoked' : 'This certificate has to be replaced'}</h1>
<p class="lead">${explanation.because}</p>
<dl>
<dt>Serial</dt><dd class="mono">${explanation.serial}</dd>
<dt>Certificate id (ARI)</dt><dd class="mono">${explanation.certificateId}</dd>
${explanation.windowEndAt === null ? '' : html`<dt>Renew by</dt><dd>${timeTag(explanation.windowEndAt)}</dd>`}
${explanation.revokeAt === null ? '' : html`<dt>${explanation.revoked ? 'Was to be revoked' : 'Will be revoked'}</dt><dd>${timeTag(explanation.revokeAt)}</dd>`}
</dl>
<p>If your client renews by itself, it does so with a new key and there is nothing to do. Otherwise renew now, with a new key.</p>`;
}
