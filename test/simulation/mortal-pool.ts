/**
 * A desk's connections to its database, which end all at once: the desk dies between two statements, or right after
 * one that took effect. What it was in the middle of is rolled back, as it would be for a killed process.
 */
import type pg from 'pg';

export interface MortalPool {
  readonly pool: pg.Pool;
  readonly dead: boolean;
  /** Dies at the n-th statement from now; `after`: the statement still happens. */
  dieAt(statements: number, after: boolean): void;
}

export function mortalPool(pool: pg.Pool): MortalPool {
  let left = Number.POSITIVE_INFINITY;
  let after = false;
  let dead = false;
  const gone = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

  const guarded = (target: pg.Pool | pg.PoolClient) => {
    const method = target.query as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]) => {
      if (dead) throw gone();
      left -= 1;
      if (left > 0) return method.apply(target, args);
      dead = true;
      if (after) await method.apply(target, args);
      throw gone();
    };
  };
  const wrap = <T extends pg.Pool | pg.PoolClient>(target: T, more: Record<string, unknown> = {}): T =>
    new Proxy(target, {
      get(inner, key) {
        if (key === 'query') return guarded(inner);
        if (typeof key === 'string' && key in more) return more[key];
        const value: unknown = Reflect.get(inner, key, inner);
        return typeof value === 'function' ? value.bind(inner) : value;
      },
    });
  const connect = async () => {
    if (dead) throw gone();
    return wrap(await pool.connect());
  };
  return {
    pool: wrap(pool, { connect }),
    get dead() {
      return dead;
    },
    dieAt: (statements, happens) => {
      left = statements;
      after = happens;
    },
  };
}
