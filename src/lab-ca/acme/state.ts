/**
 * Accounts, orders and authorizations: an index in memory, and beside it the list of what has changed since it was
 * last stored. The server stores that list before it answers.
 */
import type { Serial } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { IssuerId } from '../certificate.ts';
import type { AcmeDocument } from './documents.ts';
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
  /** Ids, oldest first; found again from the orders when the CA opens. */
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
  readonly placedAt: Instant;
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

  readonly #changed = new Map<string, AcmeDocument>();

  /** To be called after each change of an object. */
  changed(document: AcmeDocument): void {
    this.#changed.set(document.value.id, document);
  }

  /** What has changed since the last call. */
  takeChanged(): readonly AcmeDocument[] {
    if (this.#changed.size === 0) return [];
    const documents = [...this.#changed.values()];
    this.#changed.clear();
    return documents;
  }

  /** Puts stored objects back: accounts first, then authorizations, then orders in the order of their placing. */
  restore(document: AcmeDocument): void {
    switch (document.kind) {
      case 'account':
        this.addAccount(document.value);
        break;
      case 'authorization':
        this.addAuthorization(document.value);
        break;
      case 'order':
        this.addOrder(document.value);
        if (document.value.certificate !== null) this.#link(document.value, document.value.certificate);
        break;
    }
    this.#changed.delete(document.value.id);
  }

  addAccount(account: Account): void {
    this.changed({ kind: 'account', value: account });
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
    this.changed({ kind: 'account', value: account });
  }

  addOrder(order: Order): void {
    this.changed({ kind: 'order', value: order });
    this.orders.set(order.id, order);
    this.accounts.get(order.account)?.orders.push(order.id);
    if (order.replaces !== null) this.#replacedBy.set(order.replaces, order.id);
  }

  issued(order: Order, certificate: IssuedRef): void {
    order.certificate = certificate;
    order.status = 'valid';
    this.#link(order, certificate);
    this.changed({ kind: 'order', value: order });
  }

  #link(order: Order, certificate: IssuedRef): void {
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
    this.changed({ kind: 'authorization', value: authorization });
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
