/**
 * Accounts, orders and authorizations, in this process. The certificates and their revocations are durable; an order
 * that was under way when the lab CA stopped is placed again by its client.
 */
import type { Serial } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { IssuerId } from '../certificate.ts';
import type { PublicJwk } from './jws.ts';
import { randomToken } from './random.ts';

export type AccountStatus = 'valid' | 'deactivated' | 'revoked';

export interface Account {
  readonly id: string;
  key: PublicJwk;
  status: AccountStatus;
  contact: readonly string[];
  readonly externalAccount: string | null;
  readonly createdAt: Instant;
  readonly orders: string[];
}

export type ChallengeType = 'http-01' | 'dns-01' | 'tls-alpn-01';

export interface Challenge {
  readonly id: string;
  readonly type: ChallengeType;
  readonly token: string;
  status: 'pending' | 'processing' | 'valid' | 'invalid';
  validatedAt: Instant | null;
  error: Record<string, unknown> | null;
}

export interface Authorization {
  readonly id: string;
  readonly account: string;
  /** Without the `*.` of a wildcard. */
  readonly name: string;
  readonly wildcard: boolean;
  status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired';
  expiresAt: Instant;
  readonly challenges: readonly Challenge[];
}

export interface Order {
  readonly id: string;
  readonly account: string;
  readonly names: readonly string[];
  readonly authorizations: readonly string[];
  readonly profile: string;
  readonly replaces: string | null;
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  readonly expiresAt: Instant;
  error: Record<string, unknown> | null;
  certificate: IssuedRef | null;
}

export interface IssuedRef {
  readonly issuer: IssuerId;
  readonly serial: Serial;
}

/** Pending orders one account may hold; more is a client gone wild. */
export const ordersPerAccountMax = 100_000;

export class AcmeState {
  readonly accounts = new Map<string, Account>();
  readonly #byThumbprint = new Map<string, string>();
  readonly orders = new Map<string, Order>();
  readonly authorizations = new Map<string, Authorization>();
  /** `account name wildcard` -> newest authorization. */
  readonly #byName = new Map<string, string>();
  /** Certificate -> the order that it came from. */
  readonly #orderOf = new Map<string, string>();
  /** ARI certificate id -> the order that replaces it. */
  readonly #replacedBy = new Map<string, string>();

  addAccount(account: Account): void {
    this.accounts.set(account.id, account);
    this.#byThumbprint.set(account.key.thumbprint, account.id);
  }

  accountWithKey(thumbprint: string): Account | null {
    const id = this.#byThumbprint.get(thumbprint);
    return id === undefined ? null : (this.accounts.get(id) ?? null);
  }

  changeKey(account: Account, key: PublicJwk): void {
    this.#byThumbprint.delete(account.key.thumbprint);
    account.key = key;
    this.#byThumbprint.set(key.thumbprint, account.id);
  }

  addOrder(order: Order): void {
    this.orders.set(order.id, order);
    this.accounts.get(order.account)?.orders.push(order.id);
    if (order.replaces !== null) this.#replacedBy.set(order.replaces, order.id);
  }

  issued(order: Order, certificate: IssuedRef): void {
    order.certificate = certificate;
    order.status = 'valid';
    this.#orderOf.set(`${certificate.issuer}/${certificate.serial}`, order.id);
  }

  orderOf(certificate: IssuedRef): Order | null {
    const id = this.#orderOf.get(`${certificate.issuer}/${certificate.serial}`);
    return id === undefined ? null : (this.orders.get(id) ?? null);
  }

  /** The order that already replaces this certificate; one that failed does not count. */
  replacementOf(certificateId: string): Order | null {
    const id = this.#replacedBy.get(certificateId);
    const order = id === undefined ? undefined : this.orders.get(id);
    return order === undefined || order.status === 'invalid' ? null : order;
  }

  addAuthorization(authorization: Authorization): void {
    this.authorizations.set(authorization.id, authorization);
    this.#byName.set(nameKey(authorization.account, authorization.name, authorization.wildcard), authorization.id);
  }

  /** A valid authorization that has not expired, or null. */
  validAuthorization(account: string, name: string, wildcard: boolean, now: Instant): Authorization | null {
    const id = this.#byName.get(nameKey(account, name, wildcard));
    const found = id === undefined ? undefined : this.authorizations.get(id);
    if (found?.status !== 'valid' || Temporal.Instant.compare(found.expiresAt, now) <= 0) return null;
    return found;
  }
}

export function newId(): string {
  return randomToken(12);
}

function nameKey(account: string, name: string, wildcard: boolean): string {
  return `${account} ${wildcard ? '*.' : ''}${name}`;
}
