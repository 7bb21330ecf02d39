/**
 * Form APIs of resellers' portals, of the kind Sectigo documents as AutoRevokeSSL: one form post, one line of answer.
 * Traps: the answer is always HTTP 200, the meaning stands in `errorCode`; `includeInCRL=N` only marks as replaced and
 * is never sent; the credentials stand in the body, so the body is never logged.
 */
import { z } from 'zod';
import type { Reason } from '../../../desk/facts.ts';
import { defineConnector, type RevocationOrder, type RevocationOutcome } from '../connector.ts';
import { already, badAnswer, codeOf, done, failed, fromStatus, refused } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readSecret, readTls, secretRef, tlsSettings } from '../secret.ts';
import { serialForms } from '../serial.ts';
import { type CaAnswer, networkTransport, textOf } from '../transport.ts';

const reasons: readonly Reason[] = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
];
const meanings = z.enum(['already', 'pending-approval', 'retry', 'refused']);

export const formApiConnector = defineConnector({
  name: 'form-api',
  summary: 'Form APIs of resellers (as Sectigo AutoRevokeSSL): form post, errorCode in the answer.',
  settings: z.strictObject({
    /** The full address that takes the form. */
    url: z.url(),
    loginName: secretRef,
    loginPassword: secretRef,
    tls: tlsSettings,
    /** What this portal's error codes mean, beyond the usual; from its documentation. */
    errorCodes: z.record(z.string().regex(/^-?\d+$/), meanings).default({}),
    parallel: z.int().min(1).max(16).default(2),
  }),
  async open(settings, parts) {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const loginName = await readSecret(settings.loginName);
    const loginPassword = await readSecret(settings.loginPassword);

    const revokeOne = async (order: RevocationOrder): Promise<RevocationOutcome> => {
      if (!reasons.includes(order.reason))
        return refused('reason-not-supported', 'This portal takes the reasons 0, 1, 3, 4 and 5 only.');
      const form = new URLSearchParams({
        loginName,
        loginPassword,
        serialNumber: serialForms.upper(order.certificate.serial),
        revocationReason: `case ${order.caseId}`,
        codeReason: String(codeOf(order.reason) ?? 0),
        includeInCRL: 'Y',
        responseFormat: '1',
      });
      const call = await transport.call({
        method: 'POST',
        url: settings.url,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      });
      if (!call.ok) return failed(call);
      if (call.answer.status !== 200) return fromStatus(call.answer);
      const code = errorCodeOf(call.answer);
      if (code === null) return badAnswer();
      if (code === 0) return done(null, null);
      return meaningOf(code, settings.errorCodes[String(code)]);
    };

    return {
      name: 'form-api',
      abilities: { reasons, batchMax: 1, forcesCrl: false, raisesReason: false, reads: false, needsCertificate: false },
      revoke: (orders) => inParallel(orders, settings.parallel, revokeOne),
      async publish() {
        return { outcome: 'unsupported' };
      },
      async record() {
        return { state: 'unknown', message: 'The portal cannot be asked; the probe looks.' };
      },
      close: () => transport.close(),
    };
  },
});

/** `errorCode=0&…` (responseFormat 1) or the code alone on the first line (responseFormat 0). */
function errorCodeOf(answer: CaAnswer): number | null {
  const text = textOf(answer).trim();
  const named = new URLSearchParams(text.split('\n')[0] ?? '').get('errorCode');
  const code = named ?? text.split(/\r?\n/)[0] ?? '';
  return /^-?\d{1,5}$/.test(code.trim()) ? Number(code) : null;
}

/**
 * Below zero is an error, and the order did not happen (Sectigo's documentation of AutoRevokeSSL, "Response"). What a
 * single code means differs between portals and products: the operator copies it from the portal's documentation.
 */
function meaningOf(code: number, configured: z.output<typeof meanings> | undefined): RevocationOutcome {
  switch (configured) {
    case 'already':
      return already(null, null);
    case 'pending-approval':
      return { outcome: 'pending-approval', reference: null, message: 'The portal waits for an approval.' };
    case 'retry': {
      const message = `The portal asks to try again (errorCode ${code}).`;
      return { outcome: 'retry', code: 'busy', message, after: null };
    }
    case 'refused':
    case undefined:
      return refused('rejected', `The portal rejected the order (errorCode ${code}).`);
  }
}
