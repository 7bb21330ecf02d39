/**
 * Stand-ins for CAs that do not run here. Every answer is cited; a call that the cited source does not know throws,
 * so that a connector which invents one fails loudly. They keep real state, and their oracle reads that state.
 */
import type { Serial } from '../../src/foundation/brand.ts';
import { type CrlReasonName, crlReasonName } from '../../src/foundation/pki/reasons.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';
import { fetchTransport } from '../../src/stages/revocation/transport.ts';
import { aLab } from './lab.ts';

interface Record {
  reason: CrlReasonName | null;
  at: number;
}

/** Certificates of a real issuer with a table of revocations beside them. */
async function table() {
  const lab = await aLab();
  const issued = new Set<Serial>();
  const revoked = new Map<Serial, Record>();
  const issue = async (): Promise<OrderedCertificate> => {
    const { certificate, der, issuer } = await lab.issue();
    issued.add(certificate.serial);
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer };
  };
  const recorded = async ({ serial }: OrderedCertificate) => ({
    revoked: revoked.has(serial),
    reason: revoked.get(serial)?.reason ?? null,
  });
  let wrong = false;
  /** Keeps what the CA believes it was told. */
  const store = (serial: Serial, record: Record) => {
    revoked.set(serial, wrong && record.reason !== null ? { ...record, reason: 'superseded' } : record);
  };
  const storeWrongReason = () => {
    wrong = true;
  };
  return { lab, issued, revoked, store, storeWrongReason, issue, recorded, close: async () => {} };
}

const json = (body: unknown, status = 200, headers: { [name: string]: string } = {}) =>
  Response.json(body, { status, headers });
const bare = (serial: string) => serial.toLowerCase().replace(/^0x/, '').replace(/^0+/, '') as Serial;

/**
 * EJBCA: paths and bodies from CertificateRestResource.java and RevokeStatusRestResponse.java; status codes from
 * ExceptionHandler.java (ejbca-ce, modules/ejbca-rest-common); createcrl from CaRestResource.java.
 */
export async function ejbcaFake() {
  const base = await table();
  const issuerDn = encodeURIComponent(parseCertificate(base.lab.ca.issuerCertificate('tls')!).subject);
  const names: { [reason: string]: CrlReasonName | null } = {
    UNSPECIFIED: null,
    KEY_COMPROMISE: 'keyCompromise',
    AFFILIATION_CHANGED: 'affiliationChanged',
    SUPERSEDED: 'superseded',
    CESSATION_OF_OPERATION: 'cessationOfOperation',
    PRIVILEGES_WITHDRAWN: 'privilegeWithdrawn',
  };
  const status = (serial: Serial) => {
    const record = base.revoked.get(serial);
    const reason = Object.entries(names).find(([, name]) => name === (record?.reason ?? null))![0];
    return {
      issuer_dn: decodeURIComponent(issuerDn),
      serial_number: serial.toUpperCase(),
      revoked: record !== undefined,
      revocation_reason: record === undefined ? 'NOT_REVOKED' : reason,
      revocation_date: record === undefined ? null : new Date(record.at).toISOString(),
      message: record === undefined ? 'Certificate is not revoked' : 'Successfully revoked',
    };
  };
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(url);
    const revoke = /^\/rest\/v1\/certificate\/([^/]+)\/([0-9A-F]+)\/(revoke|revocationstatus)$/.exec(pathname);
    if (revoke !== null && revoke[1] === issuerDn) {
      const serial = bare(revoke[2]!);
      if (!base.issued.has(serial)) return json({ error_code: 404, error_message: 'Certificate was not found.' }, 404);
      if (revoke[3] === 'revocationstatus' && init.method === 'GET') return json(status(serial));
      if (revoke[3] === 'revoke' && init.method === 'PUT') {
        const reason = searchParams.get('reason')!;
        if (!(reason in names)) return json({ error_code: 400, error_message: 'Invalid revocation reason.' }, 400);
        const before = base.revoked.get(serial);
        // EndEntityManagementSessionBean: a second revocation only towards keyCompromise.
        if (before !== undefined && (reason !== 'KEY_COMPROMISE' || before.reason === 'keyCompromise')) {
          return json({ error_code: 409, error_message: 'Certificate is already revoked.' }, 409);
        }
        base.store(serial, { reason: names[reason]!, at: before?.at ?? base.lab.time.now().epochMilliseconds });
        return json(status(serial));
      }
    }
    if (pathname === `/rest/v1/ca/${issuerDn}/createcrl` && init.method === 'POST') {
      return json({ issuer_dn: decodeURIComponent(issuerDn), latest_crl_version: 7, all_success: true });
    }
    throw new Error(`EJBCA has no ${init.method} ${pathname}`);
  };
  return { ...base, transport: fetchTransport(fetch) };
}

/**
 * Dogtag: paths from CertResource.java, CertRevokeRequest.java (Reason, Comments, InvalidityDate, Nonce), CertData.java
 * (Status, Nonce, RevokedOn, RevocationReason); the answer `operationResult` as FreeIPA reads it in
 * ipaserver/plugins/dogtag.py (revoke_certificate), reasons from the same table there.
 */
export async function dogtagFake() {
  const base = await table();
  const nonces = new Map<string, number>();
  const codes: { [reason: string]: number } = {
    Unspecified: 0,
    Key_Compromise: 1,
    Affiliation_Changed: 3,
    Superseded: 4,
    Cessation_of_Operation: 5,
    Privilege_Withdrawn: 9,
  };
  let session = 0;
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    const found = /^\/ca\/rest\/agent\/certs\/(0x[0-9a-f]+)(\/revoke)?$/.exec(pathname);
    if (found === null) throw new Error(`Dogtag has no ${init.method} ${pathname}`);
    const serial = bare(found[1]!);
    if (!base.issued.has(serial))
      return json({ ClassName: 'com.netscape.certsrv.cert.CertNotFoundException', Code: 404 }, 404);
    const record = base.revoked.get(serial);
    if (found[2] === undefined && init.method === 'GET') {
      const cookie = `JSESSIONID=${++session}`;
      nonces.set(cookie, 1000 + session);
      const state = record === undefined ? {} : { RevokedOn: record.at, RevocationReason: codeOf(record.reason) };
      const body = {
        id: found[1],
        Status: record === undefined ? 'VALID' : 'REVOKED',
        Nonce: 1000 + session,
        ...state,
      };
      return json(body, 200, { 'set-cookie': `${cookie}; Path=/ca; HttpOnly` });
    }
    if (found[2] === '/revoke' && init.method === 'POST') {
      const body = JSON.parse(String(init.body)) as { Reason: string; Nonce?: number };
      const cookie = new Headers(init.headers).get('cookie') ?? '';
      if (body.Nonce === undefined || nonces.get(cookie) !== body.Nonce)
        return json({ Code: 403, Message: 'Invalid nonce' }, 403);
      const code = codes[body.Reason];
      if (code === undefined) return json({ Code: 400, Message: 'Invalid revocation reason' }, 400);
      if (record !== undefined) return json({ Code: 409, Message: 'certificate is already revoked' }, 409);
      base.store(serial, {
        reason: code === 0 ? null : crlReasonName(code),
        at: base.lab.time.now().epochMilliseconds,
      });
      return json({
        requestType: 'revocation',
        requestStatus: 'complete',
        certId: found[1],
        operationResult: 'success',
      });
    }
    throw new Error(`Dogtag has no ${init.method} ${pathname}`);
  };
  const codeOf = (reason: CrlReasonName | null) =>
    reason === null ? 0 : [0, 1, 3, 4, 5, 9].find((code) => crlReasonName(code) === reason)!;
  return { ...base, transport: fetchTransport(fetch) };
}

/** Form fields and the sign of errorCode from docs.sectigo.com/sps/auto-revoke-ssl/request; -20 as configured in the test. */
export async function formFake() {
  const base = await table();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (new URL(url).pathname !== '/products/!AutoRevokeSSL' || init.method !== 'POST') throw new Error(`no ${url}`);
    const form = new URLSearchParams(String(init.body));
    const known = new Set([
      'loginName',
      'loginPassword',
      'serialNumber',
      'revocationReason',
      'codeReason',
      'includeInCRL',
      'responseFormat',
    ]);
    for (const name of form.keys()) if (!known.has(name)) throw new Error(`AutoRevokeSSL has no ${name}`);
    const answer = (code: number, message = '') =>
      new Response(`errorCode=${code}&errorMessage=${encodeURIComponent(message)}`);
    if (form.get('loginPassword') !== 'secret') return answer(-16, 'Permission denied');
    if (!/^[0-9A-F]{1,34}$/.test(form.get('serialNumber') ?? '')) return answer(-4, 'Invalid serialNumber');
    if (!['0', '1', '3', '4', '5'].includes(form.get('codeReason') ?? '')) return answer(-4, 'Invalid codeReason');
    const serial = bare(form.get('serialNumber')!);
    if (!base.issued.has(serial)) return answer(-4, 'Invalid serialNumber');
    if (base.revoked.has(serial)) return answer(-20, 'already revoked');
    const code = Number(form.get('codeReason'));
    base.store(serial, { reason: code === 0 ? null : crlReasonName(code), at: 0 });
    return answer(0);
  };
  return { ...base, transport: fetchTransport(fetch) };
}

/**
 * OpenBao PKI: builtin/logical/pki/path_revoke.go and crl_util.go: no reason, success with the original time on a
 * repeated call, `revocation_time` in seconds, 0 for good; path_fetch.go for /cert.
 */
export async function openbaoFake() {
  const base = await table();
  const colon = (serial: string) => serial.replaceAll(':', '');
  let failCrl = false;
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    if (new Headers(init.headers).get('x-vault-token') !== 'secret')
      return json({ errors: ['permission denied'] }, 403);
    const cert = /^\/v1\/pki\/cert\/([0-9a-f:]+)$/.exec(pathname);
    if (cert !== null && init.method === 'GET') {
      const serial = bare(colon(cert[1]!));
      if (!base.issued.has(serial)) return json({ errors: [] }, 404);
      return json({ data: { revocation_time: Math.floor((base.revoked.get(serial)?.at ?? 0) / 1000) } });
    }
    if (pathname === '/v1/pki/revoke' && init.method === 'POST') {
      const body = JSON.parse(String(init.body)) as { serial_number?: string; certificate?: string };
      const serial = bare(colon(body.serial_number ?? ''));
      if (!base.issued.has(serial))
        return json({ errors: [`certificate with serial ${body.serial_number} not found`] }, 400);
      const at = base.revoked.get(serial)?.at ?? base.lab.time.now().epochMilliseconds;
      base.store(serial, { reason: null, at });
      if (failCrl) return json({ errors: ['error encountered during CRL building: …'] }, 500);
      return json({ data: { revocation_time: Math.floor(at / 1000), state: 'revoked' } });
    }
    if (pathname === '/v1/pki/crl/rotate' && init.method === 'GET') return json({ data: { success: true } });
    throw new Error(`OpenBao has no ${init.method} ${pathname}`);
  };
  return { ...base, storeWrongReason: null, transport: fetchTransport(fetch), breakCrl: () => (failCrl = true) };
}
