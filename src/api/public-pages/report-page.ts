import { html } from 'hono/html';
import { acceptedWording, statementText, writeStatement } from '../../stages/evidence/prove/statement-form.ts';
import type { Problem, ReportAccepted } from '../contract/index.ts';
import { reportBytesMax } from '../reports/read-request.ts';
import { pieceBytesMax, uploadsPath } from '../uploads/routes.ts';
import { type Html, type PublicSite, timeTag } from './layout.ts';

/** The published form of a signed statement with places for what the browser fills in. */
const statementForm = writeStatement({
  text: acceptedWording,
  spkiSha256: '@SPKI@',
  publicKey: '@KEY@',
  signature: '@SIGNATURE@',
});

/** The public report form. One required field, no account, no scripts, no puzzle. */
export function reportForm(site: PublicSite, problem: Problem | null, resumable: boolean): Html {
  return html`
<h1>Report a problem with a certificate</h1>
<p class="lead">Tell us what is wrong and how we can see it. We act on what can be checked, and we answer everybody who leaves an address.</p>
${problem === null ? '' : html`<p class="bad" role="alert">${problem.detail} Nothing was taken. Go back: your browser has kept what you wrote, and you can send it without the file.</p>`}
<form method="post" action="/report" enctype="multipart/form-data">
${whatFields()}${resumable ? html`<p class="hint"><a href="/report/files">Large files or a poor connection?</a> A page that goes on where it broke off.</p>` : ''}
<section id="prove" hidden data-text="${statementText(acceptedWording)}" data-form="${statementForm}">
<label><span>Or prove it without sending the key</span><small>Choose the private key (PEM). Your browser signs the sentence “${acceptedWording}” with it and puts the result into the text above. The key is not sent: this page cannot connect anywhere.</small>
<input type="file" multiple accept=".pem,.key,.txt"></label>
<p role="status" class="hint"></p>
</section>
${whoFields()}
<button type="submit">Send the report</button>
</form>
<script type="module" src="/prove.js"></script>
<h2>Other ways</h2>
<p>Mail to <a href="mailto:${site.contact}">${site.contact}</a>. Programs: <code>POST /api/v1/reports</code> with JSON (<a href="/api/v1/schemas/report.json">schema</a>) or a raw message as <code>message/rfc822</code>. A certificate’s own key can also revoke it over ACME (RFC 8555, 7.6).</p>`;
}

/** The same form, sent in pieces by a script. A key can be signed with on the other page, which connects to nothing. */
export function filesForm(site: PublicSite): Html {
  return html`
<h1>Report with large files</h1>
<p class="lead">Up to ${reportBytesMax / 1024 / 1024} MiB. When the connection breaks, sending goes on where it stopped; until all of it is here, what has come waits encrypted, for a day, and only this page can open it.</p>
<form method="post" action="/report" enctype="multipart/form-data" data-uploads="${uploadsPath}" data-piece="${pieceBytesMax}">
${whatFields()}
${whoFields()}
<button type="submit">Send the report</button>
<p><progress id="upload-progress" aria-label="Sent" hidden></progress></p>
<p id="upload-says" role="status" class="hint"></p>
</form>
<script type="module" src="/upload.js"></script>
<p>To prove that you hold a key without sending it, use <a href="/report">the other form</a>: it signs in your browser. Larger than this: mail to <a href="mailto:${site.contact}">${site.contact}</a> with a link to the files.</p>`;
}

const whatFields =
  (): Html => html`<label><span>What is wrong?</span><small>For example: a private key is public, a name is not the holder’s, a certificate is used to deceive.</small>
<textarea name="text" rows="8" required maxlength="200000"></textarea></label>
<label><span>Which certificates?</span><small>Serial numbers, SHA-256 fingerprints or crt.sh links, one a line. Leave it empty if you do not know.</small>
<textarea name="certificates" rows="3" maxlength="200000" class="mono" spellcheck="false"></textarea></label>
<label><span>Files</span><small>Keys, certificates, signed statements, screenshots, archives. Drag them in. A private key is checked, sealed and destroyed; only a signed proof is kept.</small>
<input type="file" name="files" multiple data-bytes="${reportBytesMax}"></label>`;

const whoFields =
  (): Html => html`<label><span>Your address, if you want an answer</span><small>You get a receipt at once and our findings within 24 hours.</small>
<input type="email" name="email" autocomplete="email" maxlength="320"></label>
<label><span>Your name, if you like</span><input name="name" autocomplete="name" maxlength="200"></label>`;

export function reportReceived(accepted: ReportAccepted): Html {
  return html`
<h1>We have your report</h1>
<p class="lead">It is stored and a clock is running on it. Nobody has to open a mail for that.</p>
<dl>
<dt>Receipt</dt><dd class="mono">${accepted.receiptId}</dd>
<dt>Received</dt><dd>${timeTag(accepted.receivedAt)}</dd>
<dt>SHA-256 of what we stored</dt><dd class="mono">${accepted.contentSha256}</dd>
</dl>
${accepted.statusUrl === null ? '' : html`<p><a href="${accepted.statusUrl}">Follow your report</a>. Keep this link: it is the only key to that page.</p>`}`;
}
