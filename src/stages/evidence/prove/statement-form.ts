/**
 * The desk's published form of a signed statement. A reporter who will not hand over a private key signs a short text
 * with it instead: with OpenSSL, or in the browser with WebCrypto, so that the key never leaves the reporter.
 *
 *     -----BEGIN KEY STATEMENT-----
 *     This key is compromised. Revoke every certificate that uses it.
 *     -----SIGNATURE-----
 *     SPKI-SHA256: 5f2c…
 *     Public-Key: MFkw…          (optional: the desk looks the hash up)
 *     Signature: MEUC…
 *     -----END KEY STATEMENT-----
 *
 * What is signed, with SHA-256, are the UTF-8 bytes of the text between the first two markers: trailing blanks of each
 * line removed, lines ended by one LF, no line end after the last. Signatures: RSA PKCS#1 v1.5 or PSS; ECDSA as DER or as
 * r and s one after the other; Ed25519.
 *
 * No imports: the same file serves the browser.
 */

export const statementBegin = '-----BEGIN KEY STATEMENT-----';
export const statementMiddle = '-----SIGNATURE-----';
export const statementEnd = '-----END KEY STATEMENT-----';

/** The wording that the desk accepts as a statement of compromise, in a signed statement or as the common name of a CSR. */
export const acceptedWording = 'This key is compromised. Revoke every certificate that uses it.';

/** What is signed. */
export function statementText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.replace(/[ \t]+$/, ''))
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}

export interface StatementParts {
  readonly text: string;
  readonly spkiSha256: string | null;
  /** base64 */
  readonly publicKey: string | null;
  /** base64 */
  readonly signature: string;
}

export function writeStatement(parts: StatementParts): string {
  const lines = [statementBegin, statementText(parts.text), statementMiddle];
  if (parts.spkiSha256 !== null) lines.push(`SPKI-SHA256: ${parts.spkiSha256}`);
  if (parts.publicKey !== null) lines.push(`Public-Key: ${parts.publicKey}`);
  lines.push(`Signature: ${parts.signature}`, statementEnd, '');
  return lines.join('\n');
}

/** Longest statement with its signature. */
const STATEMENT_CHARACTERS_MAX = 32 * 1024;
const QUOTE = /^[ \t]*(?:[>|][ \t]?)*/gm;

/** Every statement in a text, quoted ones too. `from` and `to` are offsets. */
export function* readStatements(
  text: string,
): Generator<StatementParts & { readonly from: number; readonly to: number }> {
  for (let at = text.indexOf(statementBegin); at >= 0; at = text.indexOf(statementBegin, at + 1)) {
    const end = text.indexOf(statementEnd, at);
    if (end < 0) return;
    if (end - at > STATEMENT_CHARACTERS_MAX) continue;
    const body = text.slice(at + statementBegin.length, end);
    const quoted = /(?:^|\n)[ \t]*[>|]/.test(text.slice(Math.max(0, text.lastIndexOf('\n', at)), at));
    const plain = quoted ? body.replace(QUOTE, '') : body;
    const middle = plain.indexOf(statementMiddle);
    if (middle < 0) continue;
    // A base64 value may be wrapped by a mail program; it ends where the next field begins.
    const fields = plain.slice(middle + statementMiddle.length);
    const field = (name: string): string | null => {
      const value = new RegExp(`(?:^|\\n)[ \\t>]*${name}:([^:]*?)(?=\\n[ \\t>]*[A-Za-z0-9-]+:|\\s*$)`).exec(
        fields,
      )?.[1];
      return value === undefined ? null : value.replace(/[\s>]+/g, '');
    };
    const signature = field('Signature');
    if (signature === null || signature === '') continue;
    yield {
      text: statementText(plain.slice(0, middle)),
      spkiSha256: field('SPKI-SHA256')?.toLowerCase() ?? null,
      publicKey: field('Public-Key'),
      signature,
      from: at,
      to: end + statementEnd.length,
    };
  }
}
