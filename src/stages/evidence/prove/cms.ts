/** CMS SignedData (RFC 5652), checked with pkijs. Loaded on demand. */
import { webcrypto } from 'node:crypto';
import { fromBER } from 'asn1js';
import * as pkijs from 'pkijs';
import { signable } from './detached.ts';

const SIGNERS_MAX = 4;

export interface CmsResult {
  readonly spki: Uint8Array;
  readonly holds: boolean;
  /** What was signed. */
  readonly text: string;
}

let engineSet = false;

/** Null when there is no signer whose certificate is enclosed. Never throws for bad input. */
export async function verifyCms(der: Uint8Array, texts: readonly string[]): Promise<CmsResult | null> {
  if (!engineSet) {
    const crypto = webcrypto as unknown as Crypto;
    const engine = new pkijs.CryptoEngine({ name: 'node', crypto, subtle: crypto.subtle });
    pkijs.setEngine('node', engine as unknown as pkijs.ICryptoEngine);
    engineSet = true;
  }
  try {
    const parsed = fromBER(Uint8Array.from(der).buffer);
    if (parsed.offset === -1) return null;
    const content = new pkijs.ContentInfo({ schema: parsed.result });
    const signed = new pkijs.SignedData({ schema: content.content });
    const detached = !encloses(signed);
    let refuted: CmsResult | null = null;
    for (let signer = 0; signer < Math.min(signed.signerInfos.length, SIGNERS_MAX); signer++) {
      if (!digests.includes(signed.signerInfos[signer]?.digestAlgorithm.algorithmId ?? '')) continue;
      for (const data of dataOf(signed, texts)) {
        const result = await verifyOne(signed, signer, data);
        if (result?.holds === true) return result;
        // A detached signature that fits none of our texts covers something we do not have (a signed mail as it was sent).
        if (!detached) refuted ??= result;
      }
    }
    return refuted;
  } catch {
    // pkijs throws for anything it does not expect, and everything here is unexpected.
    return null;
  }
}

function encloses(signed: pkijs.SignedData): boolean {
  return (signed.encapContentInfo.eContent?.getValue().byteLength ?? 0) > 0;
}

/** SHA-256, SHA-384, SHA-512. With less, a statement could be made to fit a signature over something else. */
const digests = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3'];

function dataOf(signed: pkijs.SignedData, texts: readonly string[]): Uint8Array[] {
  const enclosed = signed.encapContentInfo.eContent?.getValue();
  if (enclosed !== undefined && enclosed.byteLength > 0) return [new Uint8Array(enclosed)];
  return signable(texts);
}

async function verifyOne(signed: pkijs.SignedData, signer: number, data: Uint8Array): Promise<CmsResult | null> {
  try {
    const result = await signed.verify({
      signer,
      data: Uint8Array.from(data).buffer,
      checkChain: false,
      extendedMode: true,
    });
    const certificate = result.signerCertificate;
    if (certificate === undefined || certificate === null) return null;
    const spki = new Uint8Array(certificate.subjectPublicKeyInfo.toSchema().toBER(false));
    return { spki, holds: result.signatureVerified === true, text: Buffer.from(data).toString('utf8') };
  } catch (cause) {
    const certificate = (cause as { signerCertificate?: pkijs.Certificate | null }).signerCertificate;
    if (certificate === undefined || certificate === null) return null;
    const spki = new Uint8Array(certificate.subjectPublicKeyInfo.toSchema().toBER(false));
    return { spki, holds: false, text: Buffer.from(data).toString('utf8') };
  }
}
