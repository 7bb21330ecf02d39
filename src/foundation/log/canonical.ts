/**
 * One value, one sequence of bytes: the JSON Canonicalization Scheme (RFC 8785), so that a hash taken today can be
 * taken again in ten years, by another program, from a re-indented copy.
 */
import assert from 'node:assert';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deeper data is not an event of ours. */
const depthMax = 64;

/**
 * Canonical JSON text. Throws on what JSON cannot carry (NaN, functions, bigint, `undefined` in arrays); members that
 * are `undefined` are left out as JSON.stringify does. Deviation from RFC 8785: a lone surrogate is escaped, not
 * refused, because a subject line of a hostile mail must not stop an event from being recorded.
 */
export function canonicalJson(value: Json, depth = 0): string {
  assert(depth <= depthMax, 'an event is nested deeper than any the desk makes');
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'JSON has no NaN or infinity');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item, depth + 1)).join(',')}]`;
  assert(typeof value === 'object', `JSON has no ${typeof value}`);
  const prototype = Object.getPrototypeOf(value);
  assert(
    prototype === Object.prototype || prototype === null,
    'instants and maps are written as text before they are stored',
  );
  const object = value as { readonly [key: string]: Json | undefined };
  const members: string[] = [];
  // The default order of sort() is by UTF-16 code units, which is what section 3.2.3 asks for.
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}
