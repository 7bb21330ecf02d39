/**
 * The ACME server of the lab CA (RFC 8555, with RFC 8737 tls-alpn-01, RFC 8657 CAA bindings, RFC 9773 `replaces` and
 * certificate profiles). What is particular to this house: a key that the desk has blocked gets no certificate and no
 * account, and a revocation signed by a certificate's key is handed to the desk as proof.
 */
import { type Context, Hono } from 'hono';
import { isSelfSigned, parseCsr } from '../../foundation/pki/csr.ts';
import { writePem } from '../../foundation/pki/pem.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { parseCertificate } from '../../foundation/pki/x509.ts';
import { hours, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { LabCa } from '../lab-ca.ts';
import { askPolicy } from '../order-policy.ts';
import { decodeDocument, encodeDocument } from './documents.ts';
import { type Jws, jwsBytesMax, type PublicJwk, parseJws, readJwk, verifyExternalBinding, verifyJws } from './jws.ts';
import { namesPerOrderMax, readDnsName } from './names.ts';
import { Nonces } from './nonces.ts';
import { type AcmeOptions, type AcmeProfile, defaultProfiles } from './options.ts';
import { AcmeProblem } from './problem.ts';
import { RateLimiter } from './rate-limit.ts';
import { revokeCert } from './revocation.ts';
import {
  type Account,
  AcmeState,
  type Authorization,
  type Challenge,
  type ChallengeType,
  newId,
  type Order,
  ordersPerAccountMax,
} from './state.ts';
import { checkCaa, validate } from './validation.ts';

const orderValidFor = hours(24 * 7);
const authorizationValidFor = hours(24 * 30);
const contactsMax = 10;
const listed = 100;

/** One authenticated request. */
interface Signed {
  readonly payload: Uint8Array;
  readonly signer: { account: Account } | { jwk: PublicJwk };
}

export function acmeApp(ca: LabCa, options: AcmeOptions): Hono {
  return new AcmeServer(ca, options).app();
}

class AcmeServer {
  readonly #ca: LabCa;
  readonly #options: AcmeOptions;
  readonly #state = new AcmeState();
  readonly #nonces = new Nonces();
  readonly #profiles: Readonly<Record<string, AcmeProfile>>;
  readonly #base: string;
  readonly #path: string;
  #loading: Promise<void> | null = null;
  readonly #limits: { newAccount: RateLimiter; newOrder: RateLimiter; failedValidation: RateLimiter };

  constructor(ca: LabCa, options: AcmeOptions) {
    this.#ca = ca;
    this.#options = options;
    this.#profiles = options.profiles ?? defaultProfiles;
    this.#base = options.url.replace(/\/$/, '');
    this.#path = new URL(this.#base).pathname.replace(/\/$/, '');
    const { newAccount, newOrder, failedValidation } = options.limits ?? {};
    this.#limits = {
      newAccount: new RateLimiter(newAccount ?? { max: 1000, per: hours(1) }),
      newOrder: new RateLimiter(newOrder ?? { max: 100_000, per: hours(1) }),
      failedValidation: new RateLimiter(failedValidation ?? { max: 100, per: hours(1) }),
    };
  }

  app(): Hono {
    const app = new Hono().basePath(this.#path || '/');
    app.onError((error, context) => this.#problem(context, error));
    app.use('*', async (context, next) => {
      // Set beforehand, so that answers are built once and not taken apart again.
      if (context.req.method === 'POST' || context.req.path.endsWith('/new-nonce')) {
        context.header('Replay-Nonce', this.#nonces.issue());
      }
      context.header('Link', `<${this.#base}/directory>;rel="index"`);
      this.#loading ??= this.#load();
      await this.#loading;
      await next();
      // Durable before the client hears of it.
      await this.#store();
    });
    app.get('/directory', (context) => context.json(this.#directory()));
    app.get('/new-nonce', (context) => {
      context.header('Cache-Control', 'no-store');
      return context.body(null, context.req.method === 'HEAD' ? 200 : 204);
    });
    app.post('/new-account', (context) => this.#newAccount(context));
    app.post('/account/:id', (context) => this.#account(context));
    app.post('/account/:id/orders', (context) => this.#ordersOf(context));
    app.post('/new-order', (context) => this.#newOrder(context));
    app.post('/order/:id', (context) => this.#order(context));
    app.post('/order/:id/finalize', (context) => this.#finalize(context));
    app.post('/authorization/:id', (context) => this.#authorization(context));
    app.post('/challenge/:authorization/:id', (context) => this.#challenge(context));
    app.post('/certificate/:id', (context) => this.#certificate(context));
    app.post('/revoke-cert', (context) => this.#revoke(context));
    app.post('/key-change', (context) => this.#keyChange(context));
    // RFC 8555 section 6.3: what is read by POST-as-GET answers GET with 405.
    for (const { path } of app.routes.filter(({ method }) => method === 'POST'))
      app.all(path.slice(this.#path.length), () => {
        throw new AcmeProblem('malformed', 'This resource is asked by POST.', {
          status: 405,
          headers: { Allow: 'POST' },
        });
      });
    app.notFound((context) =>
      this.#problem(context, new AcmeProblem('malformed', 'There is no such resource.', { status: 404 })),
    );
    return app;
  }

  #directory() {
    const { website, termsOfService, externalAccounts, renewalInfoUrl, caaIdentities } = this.#options;
    return {
      newNonce: `${this.#base}/new-nonce`,
      newAccount: `${this.#base}/new-account`,
      newOrder: `${this.#base}/new-order`,
      revokeCert: `${this.#base}/revoke-cert`,
      keyChange: `${this.#base}/key-change`,
      ...(renewalInfoUrl === undefined ? {} : { renewalInfo: renewalInfoUrl }),
      meta: {
        ...(termsOfService === undefined ? {} : { termsOfService }),
        ...(website === undefined ? {} : { website }),
        caaIdentities: caaIdentities ?? [],
        externalAccountRequired: externalAccounts?.required ?? false,
        profiles: Object.fromEntries(Object.entries(this.#profiles).map(([name, p]) => [name, p.description])),
      },
    };
  }

  async #load(): Promise<void> {
    for await (const document of this.#ca.options.storage.documents()) this.#state.restore(decodeDocument(document));
  }

  async #store(): Promise<void> {
    const changed = this.#state.takeChanged();
    if (changed.length === 0) return;
    try {
      await this.#ca.options.storage.saveDocuments(changed.map(encodeDocument));
    } catch (error) {
      for (const document of changed) this.#state.changed(document);
      throw error;
    }
  }

  /* ---- accounts ---- */

  async #newAccount(context: Context): Promise<Response> {
    const { payload, signer } = await this.#authenticate(context, 'jwk');
    if (!('jwk' in signer)) throw new AcmeProblem('malformed', 'newAccount is signed by the new key itself.');
    const body = objectOf(payload);
    const known = this.#state.accountWithKey(signer.jwk.thumbprint);
    if (known !== null) {
      if (known.status !== 'valid') throw new AcmeProblem('unauthorized', 'This account is not valid any more.');
      context.header('Location', this.#accountUrl(known));
      return context.json(this.#accountJson(known), 200);
    }
    if (body.onlyReturnExisting === true) throw new AcmeProblem('accountDoesNotExist', 'No account has this key.');
    if (this.#options.termsOfService !== undefined && body.termsOfServiceAgreed !== true) {
      throw new AcmeProblem('userActionRequired', 'The terms of service must be agreed to.');
    }
    this.#limit('newAccount', context.req.header('x-real-ip') ?? 'all', null);
    await this.#refuseKey(signer.jwk.spki, 'An account cannot use this key');
    const account: Account = {
      id: newId(),
      key: signer.jwk,
      status: 'valid',
      contact: readContact(body.contact),
      externalAccount: this.#externalAccount(body.externalAccountBinding, signer.jwk),
      createdAt: this.#now(),
      orders: [],
    };
    this.#state.addAccount(account);
    context.header('Location', this.#accountUrl(account));
    return context.json(this.#accountJson(account), 201);
  }

  #externalAccount(binding: unknown, jwk: PublicJwk): string | null {
    const { externalAccounts } = this.#options;
    if (binding === undefined) {
      if (externalAccounts?.required)
        throw new AcmeProblem('externalAccountRequired', 'An external account binding is needed.');
      return null;
    }
    if (externalAccounts === undefined) throw new AcmeProblem('malformed', 'No external accounts are known here.');
    const { macKey } = externalAccounts;
    return verifyExternalBinding(binding, { url: `${this.#base}/new-account`, thumbprint: jwk.thumbprint, macKey });
  }

  async #account(context: Context): Promise<Response> {
    const { payload, account } = await this.#asAccount(context);
    if (context.req.param('id') !== account.id) throw new AcmeProblem('unauthorized', 'This is another account.');
    if (payload.length > 0) {
      const body = objectOf(payload);
      if (body.contact !== undefined) account.contact = readContact(body.contact);
      if (body.status === 'deactivated') account.status = 'deactivated';
      else if (body.status !== undefined) throw new AcmeProblem('malformed', 'An account can only be deactivated.');
      this.#state.changed({ kind: 'account', value: account });
    }
    return context.json(this.#accountJson(account));
  }

  async #ordersOf(context: Context): Promise<Response> {
    const account = await this.#asReader(context);
    if (context.req.param('id') !== account.id) throw new AcmeProblem('unauthorized', 'This is another account.');
    return context.json({ orders: account.orders.slice(-listed).map((id) => `${this.#base}/order/${id}`) });
  }

  /** RFC 8555 section 7.3.5: the outer JWS is by the old key, the inner by the new one. */
  async #keyChange(context: Context): Promise<Response> {
    const { payload, account } = await this.#asAccount(context);
    const inner = parseJws(objectOf(payload));
    if (inner.jwk === null || inner.nonce !== null || inner.url !== `${this.#base}/key-change`) {
      throw new AcmeProblem('malformed', 'The inner JWS carries the new key, the same url and no nonce.');
    }
    verifyJws(inner, inner.jwk.key);
    const body = objectOf(inner.payload);
    const oldKey =
      typeof body.oldKey === 'object' && body.oldKey !== null ? readJwk(body.oldKey as Record<string, unknown>) : null;
    if (body.account !== this.#accountUrl(account) || oldKey?.thumbprint !== account.key.thumbprint) {
      throw new AcmeProblem('malformed', 'The inner JWS names another account or another old key.');
    }
    const holder = this.#state.accountWithKey(inner.jwk.thumbprint);
    if (holder !== null) {
      throw new AcmeProblem('malformed', 'Another account has this key.', {
        status: 409,
        headers: { Location: this.#accountUrl(holder) },
      });
    }
    await this.#refuseKey(inner.jwk.spki, 'An account cannot use this key');
    this.#state.changeKey(account, inner.jwk);
    return context.json(this.#accountJson(account));
  }

  /* ---- orders ---- */

  async #newOrder(context: Context): Promise<Response> {
    const { payload, account } = await this.#asAccount(context);
    const body = objectOf(payload);
    const now = this.#now();
    const names = readIdentifiers(body.identifiers);
    const profile = readProfile(body.profile, this.#profiles);
    if (body.notBefore !== undefined || body.notAfter !== undefined) {
      throw new AcmeProblem('malformed', 'Dates are set by the profile, not by the order.');
    }
    if (this.#options.mayUseProfile?.(account.externalAccount, profile) === false) {
      throw new AcmeProblem('invalidProfile', 'The policy for this account does not allow that profile.');
    }
    const replaces = this.#readReplaces(body.replaces, account, names);
    this.#limit('newOrder', account.id, replaces);
    // A key that was reported in the meantime must not hold an account either.
    await this.#refuseKey(account.key.spki, "This account's key is blocked");
    if (account.orders.length >= ordersPerAccountMax)
      throw new AcmeProblem('rateLimited', 'This account has too many orders.');
    const authorizations = names.map((name) => this.#authorizationFor(account, name, now));
    const order: Order = {
      id: newId(),
      account: account.id,
      names,
      authorizations: authorizations.map((one) => one.id),
      profile,
      replaces,
      status: authorizations.every((one) => one.status === 'valid') ? 'ready' : 'pending',
      placedAt: now,
      expiresAt: now.add(orderValidFor),
      error: null,
      certificate: null,
    };
    this.#state.addOrder(order);
    context.header('Location', `${this.#base}/order/${order.id}`);
    return context.json(this.#orderJson(order), 201);
  }

  #authorizationFor(account: Account, name: string, now: Instant): Authorization {
    const wildcard = name.startsWith('*.');
    const bare = wildcard ? name.slice(2) : name;
    const reusable = this.#state.validAuthorization(account.id, bare, wildcard, now);
    if (reusable !== null) return reusable;
    // RFC 8555 section 7.1.3: only dns-01 speaks for a whole zone.
    const types: readonly ChallengeType[] = wildcard ? ['dns-01'] : ['http-01', 'dns-01', 'tls-alpn-01'];
    const token = newId() + newId();
    const authorization: Authorization = {
      id: newId(),
      account: account.id,
      name: bare,
      wildcard,
      status: 'pending',
      expiresAt: now.add(orderValidFor),
      challenges: types.map((type) => ({
        id: newId(),
        type,
        token,
        status: 'pending',
        validatedAt: null,
        error: null,
      })),
    };
    this.#state.addAuthorization(authorization);
    return authorization;
  }

  /** RFC 9773 section 5: same account, at least one name in common, not replaced before. */
  #readReplaces(value: unknown, account: Account, names: readonly string[]): string | null {
    if (value === undefined) return null;
    const parts = typeof value === 'string' ? /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(value) : null;
    if (parts === null) throw new AcmeProblem('malformed', '`replaces` is not a certificate identifier.');
    const aki = Buffer.from(parts[1]!, 'base64url').toString('hex');
    const serial = Buffer.from(parts[2]!, 'base64url').toString('hex').replace(/^0+/, '');
    const issuer = this.#ca.issuerByKeyIdentifier(aki);
    const before = issuer === null ? null : this.#state.orderOf({ issuer, serial: serial as never });
    // One spelling for one certificate: another one would be replaced a second time.
    if (
      before === null ||
      derInteger(serial) !== parts[2] ||
      Buffer.from(aki, 'hex').toString('base64url') !== parts[1]
    )
      throw new AcmeProblem('malformed', '`replaces` names no certificate that was ordered here.');
    if (before.account !== account.id)
      throw new AcmeProblem('unauthorized', '`replaces` names a certificate of another account.');
    if (!before.names.some((name) => names.includes(name))) {
      throw new AcmeProblem('malformed', '`replaces` names a certificate with none of these names.');
    }
    // Counted only once an order for it is on its way; one that failed may be tried again.
    const underWay = this.#state.replacementOf(value as string);
    if (underWay !== null) this.#refresh(underWay);
    if (underWay !== null && underWay.status !== 'invalid') {
      throw new AcmeProblem('alreadyReplaced', 'Another order replaces that certificate already.');
    }
    return value as string;
  }

  async #order(context: Context): Promise<Response> {
    const account = await this.#asReader(context);
    return context.json(this.#orderJson(this.#ownOrder(context.req.param('id'), account)));
  }

  async #finalize(context: Context): Promise<Response> {
    const { payload, account } = await this.#asAccount(context);
    const order = this.#ownOrder(context.req.param('id'), account);
    this.#refresh(order);
    if (order.status !== 'ready') throw new AcmeProblem('orderNotReady', `The order is ${order.status}.`);
    const request = readCsr(objectOf(payload).csr);
    const asked = new Set([...request.names, ...request.commonNames].map((name) => name.toLowerCase()));
    if (asked.size !== order.names.length || !order.names.every((name) => asked.has(name))) {
      throw new AcmeProblem('badCSR', 'The request does not ask for exactly the names of the order.');
    }
    if (keyHashes(request.spki).canonical === keyHashes(account.key.spki).canonical) {
      throw new AcmeProblem('badCSR', 'A certificate must not carry the key of the account.');
    }
    const refusal = await this.#ca.keyRefusal(request.spki);
    if (refusal !== null) {
      const detail = {
        'bad-key': 'The key is of a kind or size that is not certified.',
        'blocked-key': 'The key is blocked: it is known to be compromised.',
        'blocked-keys-unknown': 'The list of blocked keys cannot be read; try again later.',
      };
      throw new AcmeProblem(refusal === 'blocked-keys-unknown' ? 'serverInternal' : 'badPublicKey', detail[refusal]);
    }
    order.status = 'processing';
    try {
      await this.#checkCaa(order, account);
      await this.#ca.options.noteEnrolled?.(request.der);
      await this.#issue(order, account, request.spki);
    } catch (error) {
      order.status = 'invalid';
      order.error =
        error instanceof AcmeProblem ? error.json() : new AcmeProblem('serverInternal', 'Issuing failed.').json();
      this.#state.changed({ kind: 'order', value: order });
      if (!(error instanceof AcmeProblem)) throw error;
    }
    context.header('Location', `${this.#base}/order/${order.id}`);
    return context.json(this.#orderJson(order));
  }

  async #issue(order: Order, account: Account, spki: Uint8Array): Promise<void> {
    const profile = this.#profiles[order.profile]!;
    const subscriber = account.externalAccount ?? `acme-${account.id}`;
    const policy = await askPolicy(this.#ca.options.orderPolicy, {
      subscriber,
      names: order.names,
      orderedBy: 'acme',
      lifetime: profile.validFor,
    });
    if (policy.answer === 'refuse') throw new AcmeProblem('unauthorized', policy.because);
    const now = this.#now().round({ smallestUnit: 'second', roundingMode: 'floor' });
    const issued = await this.#ca.issue({
      spki,
      names: order.names,
      notBefore: now,
      notAfter: now.add(policy.lifetime).subtract({ seconds: 1 }),
      crl: !profile.withoutStatus,
      ocsp: !profile.withoutStatus,
      subscriber,
    });
    this.#state.issued(order, issued);
    const { externalAccount } = account;
    await this.#options.onIssued?.({
      der: issued.der,
      serial: issued.serial,
      account: account.id,
      externalAccount,
      contact: account.contact,
      replaces: order.replaces,
    });
  }

  async #checkCaa(order: Order, account: Account): Promise<void> {
    const { world, caaIdentities: identities = [] } = this.#options;
    if (world === null) return;
    for (const id of order.authorizations) {
      const { name, wildcard, challenges } = this.#state.authorizations.get(id)!;
      const method = challenges.find((one) => one.status === 'valid')!.type;
      await checkCaa(world, { name, wildcard, identities, accountUrl: this.#accountUrl(account), method });
    }
  }

  async #certificate(context: Context): Promise<Response> {
    const account = await this.#asReader(context);
    const order = this.#ownOrder(context.req.param('id'), account);
    const { certificate } = order;
    const der =
      certificate === null ? null : await this.#ca.options.storage.certificate(certificate.issuer, certificate.serial);
    if (certificate === null || der === null)
      throw new AcmeProblem('malformed', 'There is no certificate yet.', { status: 404 });
    const chain = this.#ca.chainOf({ der, issuer: certificate.issuer }).map((one) => writePem('CERTIFICATE', one));
    context.header('Content-Type', 'application/pem-certificate-chain');
    return context.body(chain.join(''));
  }

  async #revoke(context: Context): Promise<Response> {
    const { payload, signer } = await this.#authenticate(context, 'either');
    const revocation = await revokeCert(this.#ca, this.#state, { payload: objectOf(payload), signer });
    await this.#options.onRevocation?.(revocation, this.#now());
    return context.body(null, 200);
  }

  /* ---- authorizations ---- */

  async #authorization(context: Context): Promise<Response> {
    const { payload, account } = await this.#asAccount(context);
    const authorization = this.#ownAuthorization(context.req.param('id'), account);
    if (payload.length > 0) {
      if (objectOf(payload).status !== 'deactivated')
        throw new AcmeProblem('malformed', 'An authorization can only be deactivated.');
      authorization.status = 'deactivated';
      this.#state.changed({ kind: 'authorization', value: authorization });
    }
    if (authorization.status === 'pending') context.header('Retry-After', '1');
    return context.json(this.#authorizationJson(authorization));
  }

  async #challenge(context: Context): Promise<Response> {
    const { payload, account } = await this.#asAccount(context);
    const authorization = this.#ownAuthorization(context.req.param('authorization'), account);
    const challenge = authorization.challenges.find((one) => one.id === context.req.param('id'));
    if (challenge === undefined) throw new AcmeProblem('malformed', 'There is no such challenge.', { status: 404 });
    if (payload.length > 0 && challenge.status === 'pending' && authorization.status === 'pending') {
      const failures = this.#limits.failedValidation;
      this.#refuseUntil(failures.reached(`${account.id} ${authorization.name}`, this.#now()));
      if (this.#options.world === null) this.#validated(authorization, challenge);
      else {
        challenge.status = 'processing';
        void this.#validate(account, authorization, challenge, failures);
      }
    }
    context.header('Link', `<${this.#base}/authorization/${authorization.id}>;rel="up"`, { append: true });
    if (challenge.status === 'processing') context.header('Retry-After', '1');
    return context.json(this.#challengeJson(authorization, challenge));
  }

  async #validate(
    account: Account,
    authorization: Authorization,
    challenge: Challenge,
    failures: RateLimiter,
  ): Promise<void> {
    try {
      const { type, token } = challenge;
      await validate(this.#options.world!, {
        type,
        token,
        name: authorization.name,
        thumbprint: account.key.thumbprint,
      });
      this.#validated(authorization, challenge);
    } catch (error) {
      const problem =
        error instanceof AcmeProblem ? error : new AcmeProblem('incorrectResponse', 'The proof could not be read.');
      challenge.status = 'invalid';
      challenge.error = problem.json();
      authorization.status = 'invalid';
      failures.count(`${account.id} ${authorization.name}`, this.#now());
      this.#state.changed({ kind: 'authorization', value: authorization });
    }
    // Nobody waits for this one: what is not stored now goes along with the next request.
    await this.#store().catch(() => {});
  }

  #validated(authorization: Authorization, challenge: Challenge): void {
    const now = this.#now();
    challenge.status = 'valid';
    challenge.validatedAt = now;
    authorization.status = 'valid';
    authorization.expiresAt = now.add(authorizationValidFor);
    this.#state.changed({ kind: 'authorization', value: authorization });
  }

  /* ---- authentication ---- */

  async #asAccount(context: Context): Promise<{ payload: Uint8Array; account: Account }> {
    const { payload, signer } = await this.#authenticate(context, 'kid');
    if (!('account' in signer)) throw new AcmeProblem('malformed', 'This request is signed by an account.');
    return { payload, account: signer.account };
  }

  /** POST-as-GET, RFC 8555 section 6.3: nothing is sent along. */
  async #asReader(context: Context): Promise<Account> {
    const { payload, account } = await this.#asAccount(context);
    if (payload.length > 0) throw new AcmeProblem('malformed', 'A POST-as-GET request has an empty payload.');
    return account;
  }

  async #authenticate(context: Context, by: 'kid' | 'jwk' | 'either'): Promise<Signed> {
    const jws = parseJws(await readBody(context));
    const { signer, key } = this.#signerOf(jws, by);
    verifyJws(jws, key);
    // After the signature: only a genuine request uses a nonce up.
    if (jws.url !== `${this.#base}${context.req.path.slice(this.#path.length)}`) {
      throw new AcmeProblem('unauthorized', 'The url of the JWS is not the one that was asked.');
    }
    if (jws.nonce === null || !this.#nonces.take(jws.nonce))
      throw new AcmeProblem('badNonce', 'The nonce is not good; take the one sent along.');
    if ('account' in signer && signer.account.status !== 'valid') {
      throw new AcmeProblem('unauthorized', 'This account is not valid any more.');
    }
    return { payload: jws.payload, signer };
  }

  #signerOf(jws: Jws, by: 'kid' | 'jwk' | 'either'): { signer: Signed['signer']; key: PublicJwk['key'] } {
    if (jws.jwk !== null && by !== 'kid') return { signer: { jwk: jws.jwk }, key: jws.jwk.key };
    if (jws.kid === null || by === 'jwk')
      throw new AcmeProblem('malformed', `This request is signed with a ${by === 'jwk' ? 'jwk' : 'kid'}.`);
    const prefix = `${this.#base}/account/`;
    const account = jws.kid.startsWith(prefix) ? this.#state.accounts.get(jws.kid.slice(prefix.length)) : undefined;
    if (account === undefined) throw new AcmeProblem('accountDoesNotExist', 'There is no such account.');
    return { signer: { account }, key: account.key.key };
  }

  async #refuseKey(spki: Uint8Array, what: string): Promise<void> {
    const refusal = await this.#ca.keyRefusal(spki);
    if (refusal === 'blocked-key') throw new AcmeProblem('badPublicKey', `${what}: it is known to be compromised.`);
    if (refusal === 'bad-key') throw new AcmeProblem('badPublicKey', `${what}: its kind or size is not accepted.`);
    if (refusal !== null)
      throw new AcmeProblem('serverInternal', 'The list of blocked keys cannot be read; try again later.');
  }

  #limit(which: 'newAccount' | 'newOrder', key: string, replaces: string | null): void {
    const now = this.#now();
    if (replaces !== null && this.#options.isExempt?.(replaces, now)) return;
    this.#refuseUntil(this.#limits[which].count(key, now));
  }

  #refuseUntil(until: Instant | null): void {
    if (until === null) return;
    const seconds = Math.max(1, Math.ceil((until.epochMilliseconds - this.#now().epochMilliseconds) / 1000));
    throw new AcmeProblem('rateLimited', 'Too many requests of this kind.', {
      headers: { 'Retry-After': String(seconds) },
    });
  }

  /* ---- documents ---- */

  #ownOrder(id: string | undefined, account: Account): Order {
    const order = this.#state.orders.get(id ?? '');
    if (order === undefined) throw new AcmeProblem('malformed', 'There is no such order.', { status: 404 });
    if (order.account !== account.id) throw new AcmeProblem('unauthorized', 'This order is of another account.');
    return order;
  }

  #ownAuthorization(id: string | undefined, account: Account): Authorization {
    const found = this.#state.authorizations.get(id ?? '');
    if (found === undefined) throw new AcmeProblem('malformed', 'There is no such authorization.', { status: 404 });
    if (found.account !== account.id)
      throw new AcmeProblem('unauthorized', 'This authorization is of another account.');
    return found;
  }

  /** An order's status follows its authorizations until it is finalised. */
  #refresh(order: Order): void {
    if (order.status !== 'pending' && order.status !== 'ready') return;
    const all = order.authorizations.map((id) => this.#state.authorizations.get(id)!);
    const expired = Temporal.Instant.compare(order.expiresAt, this.#now()) <= 0;
    const before = order.status;
    if (expired || all.some((one) => one.status !== 'valid' && one.status !== 'pending')) order.status = 'invalid';
    else if (all.every((one) => one.status === 'valid')) order.status = 'ready';
    if (order.status !== before) this.#state.changed({ kind: 'order', value: order });
  }

  #orderJson(order: Order) {
    this.#refresh(order);
    return {
      status: order.status,
      expires: rfc3339(order.expiresAt),
      identifiers: order.names.map((value) => ({ type: 'dns', value })),
      authorizations: order.authorizations.map((id) => `${this.#base}/authorization/${id}`),
      finalize: `${this.#base}/order/${order.id}/finalize`,
      profile: order.profile,
      ...(order.replaces === null ? {} : { replaces: order.replaces }),
      ...(order.error === null ? {} : { error: order.error }),
      ...(order.certificate === null ? {} : { certificate: `${this.#base}/certificate/${order.id}` }),
    };
  }

  #authorizationJson(authorization: Authorization) {
    return {
      status: authorization.status,
      expires: rfc3339(authorization.expiresAt),
      identifier: { type: 'dns', value: authorization.name },
      ...(authorization.wildcard ? { wildcard: true } : {}),
      challenges: authorization.challenges
        // RFC 8555 section 7.1.6: once decided, only the challenge that decided it is shown.
        .filter((one) => authorization.status === 'pending' || one.status === 'valid' || one.status === 'invalid')
        .map((one) => this.#challengeJson(authorization, one)),
    };
  }

  #challengeJson(authorization: Authorization, challenge: Challenge) {
    return {
      type: challenge.type,
      url: `${this.#base}/challenge/${authorization.id}/${challenge.id}`,
      status: challenge.status,
      token: challenge.token,
      ...(challenge.validatedAt === null ? {} : { validated: rfc3339(challenge.validatedAt) }),
      ...(challenge.error === null ? {} : { error: challenge.error }),
    };
  }

  #accountJson(account: Account) {
    return { status: account.status, contact: account.contact, orders: `${this.#accountUrl(account)}/orders` };
  }

  #accountUrl(account: Account): string {
    return `${this.#base}/account/${account.id}`;
  }

  #now(): Instant {
    return this.#ca.options.time.now();
  }

  #problem(context: Context, error: unknown): Response {
    const problem =
      error instanceof AcmeProblem
        ? error
        : new AcmeProblem('serverInternal', 'The CA failed; the request can be tried again.');
    return new Response(JSON.stringify(problem.json()), {
      status: problem.status,
      headers: {
        'Content-Type': 'application/problem+json',
        'Replay-Nonce': this.#nonces.issue(),
        Link: `<${this.#base}/directory>;rel="index"`,
        ...problem.headers,
        ...(context.req.method === 'HEAD' ? { 'Content-Length': '0' } : {}),
      },
    });
  }
}

/* ---- reading what clients send ---- */

async function readBody(context: Context): Promise<unknown> {
  if (!/^application\/jose\+json\s*(;[^,]*)?$/i.test(context.req.header('content-type') ?? '')) {
    throw new AcmeProblem('malformed', 'The content type is application/jose+json.', { status: 415 });
  }
  const body = await boundedBody(context);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AcmeProblem('malformed', 'The body is not JSON.');
  }
}

/** A declared length is read in one piece, by far the cheapest way; an undeclared one is counted as it comes. */
async function boundedBody(context: Context): Promise<Buffer> {
  const tooLarge = () => new AcmeProblem('malformed', 'The body is too large.', { status: 413 });
  const declared = context.req.header('content-length');
  if (declared !== undefined) {
    if (!/^\d{1,12}$/.test(declared) || Number(declared) > jwsBytesMax) throw tooLarge();
    return Buffer.from(await context.req.arrayBuffer());
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (context.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > jwsBytesMax) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A serial (hex without leading zeros) as ARI spells it: the octets of the DER integer, so 00 before a high bit. */
function derInteger(serial: string): string {
  const even = serial.length % 2 === 0 ? serial : `0${serial}`;
  return Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex').toString('base64url');
}

function objectOf(payload: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through to the same answer.
  }
  throw new AcmeProblem('malformed', 'The payload is not a JSON object.');
}

function readContact(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > contactsMax)
    throw new AcmeProblem('malformed', 'The contacts cannot be read.');
  for (const contact of value) {
    if (typeof contact !== 'string' || contact.length > 320)
      throw new AcmeProblem('invalidContact', 'A contact cannot be read.');
    if (!contact.startsWith('mailto:')) throw new AcmeProblem('unsupportedContact', 'Contacts are mailto addresses.');
    if (!/^mailto:[^@\s?,]+@[^@\s?,]+$/.test(contact))
      throw new AcmeProblem('invalidContact', 'A contact is not one mail address.');
  }
  return value as string[];
}

function readIdentifiers(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > namesPerOrderMax) {
    throw new AcmeProblem('malformed', `An order has between 1 and ${namesPerOrderMax} identifiers.`);
  }
  const names = value.map((identifier: { type?: unknown; value?: unknown } | null) => {
    if (identifier?.type !== 'dns') throw new AcmeProblem('unsupportedIdentifier', 'Identifiers here are of type dns.');
    if (typeof identifier.value !== 'string') throw new AcmeProblem('malformed', 'An identifier has no value.');
    return readDnsName(identifier.value);
  });
  return [...new Set(names)];
}

function readProfile(value: unknown, profiles: Readonly<Record<string, AcmeProfile>>): string {
  if (value === undefined) return Object.keys(profiles)[0]!;
  if (typeof value === 'string' && Object.hasOwn(profiles, value)) return value;
  throw new AcmeProblem('invalidProfile', `Profiles here: ${Object.keys(profiles).join(', ')}.`);
}

function readCsr(value: unknown): ReturnType<typeof parseCsr> {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value))
    throw new AcmeProblem('badCSR', 'The request is not base64url of DER.');
  let request: ReturnType<typeof parseCsr>;
  try {
    request = parseCsr(new Uint8Array(Buffer.from(value, 'base64url')));
  } catch {
    throw new AcmeProblem('badCSR', 'The request cannot be read.');
  }
  if (!isSelfSigned(request)) throw new AcmeProblem('badCSR', 'The request is not signed by its own key.');
  return request;
}

/** ARI identifier of a certificate (RFC 9773 section 4.1). */
export function certificateId(der: Uint8Array): string | null {
  const { aki, serialBytes } = parseCertificate(der);
  if (aki === null) return null;
  return `${Buffer.from(aki, 'hex').toString('base64url')}.${Buffer.from(serialBytes).toString('base64url')}`;
}
