import { html } from 'hono/html';
import type { SubscriberAnswer, SubscriberStatus } from '../contract/index.ts';
import { type Html, relativeTo, timeTag } from './layout.ts';

const answers: readonly [SubscriberAnswer, string, string][] = [
  ['acknowledged', 'I have read this', 'Somebody is on it. The time stays as it is.'],
  ['replaced', 'We have replaced the certificates', 'With new keys, on every server.'],
  ['agrees', 'Revoke now, do not wait', 'Revocation starts within minutes.'],
  ['disputes', 'We dispute this', 'A person reads your reasons. The clock runs on meanwhile.'],
  ['question', 'We have a question', 'A person answers. The clock runs on meanwhile.'],
];
const rowsShown = 200;

/** To be understood in ten seconds: what happens, when, why, and what to do now. */
export function subscriberPage(
  status: SubscriberStatus,
  thanks: SubscriberAnswer | null,
  problem: string | null,
): Html {
  const { now, total, published } = status;
  const done = published >= total;
  const these = total === 1 ? 'certificate' : `${total.toLocaleString('en-GB')} certificates`;
  return html`
<h1>${done ? `Your ${these} ${total === 1 ? 'is' : 'are'} revoked` : `Your ${these} will be revoked`}</h1>
${
  done || status.revokeAt === null
    ? ''
    : html`<p class="lead"><strong>${timeTag(status.revokeAt)}</strong> (${relativeTo(status.revokeAt, now)}). After that, clients no longer trust ${total === 1 ? 'it' : 'them'}. Nothing that you answer or do not answer delays this.</p>`
}
${thanks === null ? '' : html`<p class="done" role="status">Recorded: ${answers.find(([a]) => a === thanks)?.[1] ?? thanks}.${thanks === 'disputes' || thanks === 'question' ? ' A person reads it now. The clock runs on.' : ''}</p>`}
${problem === null ? '' : html`<p class="bad" role="alert">${problem}</p>`}
<dl>
<dt>Holder</dt><dd>${status.subscriber}</dd>
<dt>Why</dt><dd>${status.because}</dd>
<dt>Rule</dt><dd>${status.rule.document} ${status.rule.version}, section ${status.rule.section}${status.dueAt === null ? '' : html`: at the latest ${timeTag(status.dueAt)}`}</dd>
<dt>Published reason</dt><dd class="mono">${status.reason}</dd>
<dt>Replaced so far</dt><dd>${status.replaced} of ${total}</dd>
</dl>
<h2>Do this now</h2>
<ol>
<li>Make <strong>new keys</strong>. A new certificate for the old key would be refused.</li>
<li>Get and install new certificates. ACME clients that read renewal information have been asked to do so by themselves.</li>
<li>Tell us below when it is done.</li>
</ol>
<form method="post">
<fieldset><legend>Your answer</legend>
${answers.map(([value, title, hint]) => html`<label><input type="radio" name="answer" value="${value}" required><span>${title}</span><small>${hint}</small></label>`)}
</fieldset>
<label><span>Words, if needed</span><textarea name="text" rows="3" maxlength="10000"></textarea></label>
<button type="submit">Send the answer</button>
</form>
<h2>The certificates</h2>
<div class="wide"><table><thead><tr><th scope="col">Name</th><th scope="col">Serial</th><th scope="col">State</th></tr></thead><tbody>
${status.certificates.slice(0, rowsShown).map((c) => html`<tr><td>${c.name}</td><td class="mono">${c.serial}</td><td>${c.revoked ? 'revoked' : 'still valid'}</td></tr>`)}
</tbody></table></div>
${status.certificates.length < total || total > rowsShown ? html`<p class="faint">The first ${Math.min(rowsShown, status.certificates.length)} of ${total} are listed; the letter has them all.</p>` : ''}
${status.answers.length === 0 ? '' : html`<p class="soft">Answers so far: ${status.answers.map((a) => `${a.answer.replaceAll('-', ' ')} (${a.at})`).join(', ')}</p>`}
<p class="soft">Questions: <a href="mailto:${status.contact}">${status.contact}</a>. We never ask for a private key.</p>`;
}
