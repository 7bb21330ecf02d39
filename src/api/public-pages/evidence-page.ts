import { html } from 'hono/html';
import type { Html } from './layout.ts';

/**
 * What shows that a key is compromised: the very object that the desk decides by, without what it is not for outsiders
 * to try. Mozilla's root store policy, section 6: the CPS (4.9.12) has to state the methods.
 */
export interface AcceptedEvidence {
  readonly version: string;
  readonly forms: readonly { readonly form: string; readonly verdict: string; readonly description: string }[];
  readonly wordings: readonly string[];
  readonly wordingsWithHash: readonly string[];
  readonly jwsPhrases: readonly string[];
  readonly jwsPayloadBytesMax: number;
  readonly signatureDigests: readonly string[];
}

const shows: Readonly<Record<string, string>> = {
  'proven-key': 'proves that the key is known to others',
  'proven-statement': 'proves that its holder calls the key compromised',
  computable: 'shows that the key can be computed, when it can',
};

export function evidencePage(accepted: AcceptedEvidence): Html {
  return html`
<h1>What shows that a key is compromised</h1>
<p class="lead">We check each item by machine and answer item by item. Names, serial numbers and links add nothing to a proof: what counts is the key.</p>
<dl>
${accepted.forms.map((form) => html`<dt>${form.form}: ${shows[form.verdict] ?? form.verdict}</dt><dd>${form.description}</dd>`)}
</dl>
<h2>Accepted wordings</h2>
<p>Word for word, signed by the key itself, or as the only common name of a certificate request.</p>
<ul>
${[...accepted.wordings, ...accepted.wordingsWithHash].map((wording) => html`<li>${wording}</li>`)}
</ul>
<p>Digests: ${accepted.signatureDigests.join(', ')}. The payload of a JSON Web Signature has at most ${accepted.jwsPayloadBytesMax} bytes and contains one of: ${accepted.jwsPhrases.join('; ')}.</p>
<p>Version ${accepted.version}. The same <a href="/api/v1/evidence-policy">as JSON</a>.</p>`;
}
