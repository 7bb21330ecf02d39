/**
 * A storage that fails on purpose, for tests: the next calls throw what PostgreSQL would, before they do anything or
 * after they did it. The second is the nasty one: *it failed but happened anyway*.
 */
import type pg from 'pg';
import { Fault } from '../../foundation/fault.ts';
import type { Store } from './store.ts';

interface Failure {
  readonly kind: 'disk-full' | 'disconnect';
  /** How many calls fail; Infinity until `heal`. */
  readonly calls: number;
  /** `after`: the call does its work and then throws with outcome `unknown`. Default `before`. */
  readonly when?: 'before' | 'after';
  /** Only calls whose name (`cases.append`, `duties.add`, …; SQL for a pool) it accepts. Default all. */
  readonly only?: (call: string) => boolean;
}

export interface FailureControl {
  fail(failure: Failure): void;
  heal(): void;
  /** How many calls have failed so far. */
  readonly failed: number;
}

interface Ledger extends FailureControl {
  take(call: string): Failure | null;
}

function ledger(): Ledger {
  let current: Failure | null = null;
  let left = 0;
  let failed = 0;
  return {
    fail: (failure) => {
      current = failure;
      left = failure.calls;
    },
    heal: () => {
      left = 0;
    },
    get failed() {
      return failed;
    },
    take: (call) => {
      if (!current || left <= 0 || current.only?.(call) === false) return null;
      left -= 1;
      failed += 1;
      return current;
    },
  };
}

/** The store as it is, but for the failures asked for. Streams fail at their first page. */
export function failingStore(store: Store): { store: Store; control: FailureControl } {
  const control = ledger();
  const port = <T extends object>(name: string, inner: T): T =>
    new Proxy(inner, {
      get(target, key, receiver) {
        const method: unknown = Reflect.get(target, key, receiver);
        if (typeof method !== 'function' || typeof key !== 'string') return method;
        const call = `${name}.${key}`;
        if (['openCases', 'entries', 'exportLines'].includes(key)) {
          return (...args: unknown[]) => failingStream(control, call, () => Reflect.apply(method, target, args));
        }
        return async (...args: unknown[]) => {
          const failure = control.take(call);
          if (failure === null) return Reflect.apply(method, target, args);
          if (failure.when === 'after') await Reflect.apply(method, target, args);
          throw faultOf(failure);
        };
      },
    });
  const { cases, duties, certificates, log, heartbeats } = store;
  return {
    control,
    store: {
      cases: port('cases', cases),
      duties: port('duties', duties),
      certificates: port('certificates', certificates),
      log: port('log', log),
      heartbeats: port('heartbeats', heartbeats),
    },
  };
}

async function* failingStream(
  control: Ledger,
  call: string,
  open: () => AsyncIterable<unknown>,
): AsyncGenerator<unknown> {
  const failure = control.take(call);
  if (failure !== null) throw faultOf(failure);
  yield* open();
}

function faultOf(failure: Failure): Fault {
  const outcome = failure.when === 'after' ? 'unknown' : 'did_not_happen';
  return failure.kind === 'disk-full'
    ? new Fault('database_disk_full', 'The disk of the database is full. Free space; the desk goes on by itself.', {
        outcome,
      })
    : new Fault('database_unavailable', 'The database does not answer. The desk tries again by itself.', { outcome });
}

/**
 * A pool whose statements fail as the driver's would, for rooms that are handed a pool. With `when: 'after'` and
 * `only: (sql) => sql === 'COMMIT'` a transaction happens although its caller is told otherwise.
 */
export function failingPool(pool: pg.Pool): { pool: pg.Pool; control: FailureControl } {
  const control = ledger();
  const query = (target: pg.Pool | pg.PoolClient) => {
    const method = target.query as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]) => {
      const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text;
      const failure = control.take(text);
      if (failure === null) return method.apply(target, args);
      if (failure.when === 'after') await method.apply(target, args);
      throw driverError(failure);
    };
  };
  const wrap = <T extends pg.Pool | pg.PoolClient>(target: T, more: Record<string, unknown> = {}): T =>
    new Proxy(target, {
      get(inner, key) {
        if (key === 'query') return query(inner);
        if (typeof key === 'string' && key in more) return more[key];
        const value: unknown = Reflect.get(inner, key, inner);
        return typeof value === 'function' ? value.bind(inner) : value;
      },
    });
  return { control, pool: wrap(pool, { connect: async () => wrap(await pool.connect()) }) };
}

/** Codes as PostgreSQL and libuv give them. */
function driverError(failure: Failure): Error {
  return failure.kind === 'disk-full'
    ? Object.assign(new Error('could not extend file: No space left on device'), { code: '53100' })
    : Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
