/**
 * Which evidence counts, as an object that is published (CPS section 4.9.12 must name the methods) and enforced: the
 * desk prints this and acts on this, so that the two cannot differ. A change is a new version.
 */
import type { Verdict } from '../../desk/facts.ts';
import { acceptedWording } from './prove/statement-form.ts';

export interface AcceptedForm {
  readonly form: string;
  /** The most that this form can show. */
  readonly verdict: Verdict;
  readonly description: string;
}

export interface EvidencePolicy {
  readonly version: string;
  readonly forms: readonly AcceptedForm[];
  /** Texts that say, signed by a key, that this key is compromised; also as the only common name of a CSR. */
  readonly wordings: readonly string[];
  /** The same with the SHA-256 of the SubjectPublicKeyInfo in place of `{spki}`. */
  readonly wordingsWithHash: readonly string[];
  /** A JWS payload counts when it contains one of these (pwnedkeys.com attestations). */
  readonly jwsPhrases: readonly string[];
  readonly jwsPayloadBytesMax: number;
  readonly signatureDigests: readonly string[];
  /** Tried on locked keys after the reporter's own: the ones that stand in manuals and defaults. */
  readonly passphrases: readonly string[];
}

export const evidencePolicy: EvidencePolicy = {
  version: '2026-11-27',
  forms: [
    {
      form: 'private-key',
      verdict: 'proven-key',
      description:
        'The private key, in any common encoding. The desk signs a fresh statement with it and verifies that under the public key of the certificate itself.',
    },
    {
      form: 'encrypted-key',
      verdict: 'proven-key',
      description:
        'The private key under a pass phrase that is given, empty or on the published list. Otherwise a claim.',
    },
    {
      form: 'statement',
      verdict: 'proven-statement',
      description:
        'An accepted wording, or the challenge the desk issued for this report, signed by the key: in the published form, or as a text with a signature file beside it.',
    },
    {
      form: 'csr',
      verdict: 'proven-statement',
      description:
        'A certificate request signed by the key with SHA-256 or better, whose subject is one common name with an accepted wording or our challenge. Any other request shows possession only.',
    },
    {
      form: 'jws',
      verdict: 'proven-statement',
      description:
        'A JSON Web Signature by the key whose payload says that the key is compromised (as pwnedkeys.com issues).',
    },
    {
      form: 'cms',
      verdict: 'proven-statement',
      description: 'A CMS or S/MIME signature by the key over an accepted wording.',
    },
    {
      form: 'ssh-signature',
      verdict: 'proven-statement',
      description: 'An SSH signature by the key over an accepted wording.',
    },
    {
      form: 'certificate',
      verdict: 'computable',
      description: 'A certificate whose public key gives the private one away, or is on a list of public keys.',
    },
    { form: 'public-key', verdict: 'computable', description: 'The same for a bare public key.' },
  ],
  wordings: [
    acceptedWording,
    'kca=v1 This Key Is Compromised',
    'This key is compromised',
    // What reporters have at hand already: the subject that Boulder's tool asks for, and DigiCert's portal.
    'The key that signed this CSR has been publicly disclosed. It should not be used for any purpose.',
    'Proof of Key Compromise for DigiCert',
  ],
  wordingsWithHash: ['The private key of the public key with SPKI SHA-256 {spki} is compromised.'],
  jwsPhrases: ['key is pwned', 'this key is compromised'],
  jwsPayloadBytesMax: 1024,
  signatureDigests: ['sha256', 'sha384', 'sha512'],
  passphrases: [
    'changeit',
    'password',
    'secret',
    'changeme',
    '1234',
    '12345',
    '123456',
    '12345678',
    '123456789',
    'test',
    'test123',
    'testing',
    'admin',
    'root',
    'default',
    'example',
    'demo',
    'qwerty',
    'letmein',
    'welcome',
    'pass',
    'passw0rd',
    'Password1',
    'P@ssw0rd',
    'abc123',
    'abcd1234',
    'key',
    'ssl',
    'server',
    'client',
    'localhost',
    'openssl',
    'tomcat',
    'keystore',
    'storepass',
    'keypass',
    'mypassword',
    'passphrase',
    'foobar',
    'foo',
    'bar',
    'java',
    'jboss',
    'wildfly',
    'weblogic',
    'websphere',
    'WebAS',
    'oracle',
    'cisco',
    'vagrant',
    'docker',
    'kafka',
    'elastic',
    'jenkins',
    'nginx',
    'apache',
    'certificate',
    'pfx',
    'pkcs12',
    'export',
    'import',
    'private',
    'whatever',
    'dummy',
    'none',
    'temp',
    '0000',
    '1111',
    '111111',
    '000000',
    'asdf',
    'iloveyou',
    'monkey',
    'dragon',
  ],
};

/** For outsiders: without the pass phrases, which are of no use to an honest reporter. */
export const publishedEvidencePolicy = (({ passphrases: _, ...published }) => published)(evidencePolicy);

/** True when `text` is a statement of compromise for the key with these SPKI hashes, or one of our challenges. */
export function isCompromiseStatement(
  text: string,
  spkiHashes: readonly string[],
  challenges: readonly string[],
  policy: EvidencePolicy = evidencePolicy,
): boolean {
  const plain = text.normalize('NFC').trim();
  if (challenges.includes(plain) || policy.wordings.includes(plain)) return true;
  return policy.wordingsWithHash.some((wording) =>
    spkiHashes.some((hash) => plain.toLowerCase() === wording.replace('{spki}', hash).toLowerCase()),
  );
}

/**
 * The text of a challenge for one report: whoever signs it had the key after we asked, which no old signature can
 * show. `nonce` are 16 random bytes or more in hex. At most 64 characters, the limit of a common name.
 */
export function challengeText(nonce: string): string {
  return `Rescind challenge ${nonce.slice(0, 32)}: compromised`;
}
