/**
 * The two properties of SCHEMA.md that show a runner is honest: what a file says should come out cannot be read, and
 * nothing hangs on the names, numbers and dates of the four published files.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a runner must not need: everything that is for readers, and what the real CA did. */
const forReaders = [
  'expected',
  'actual',
  'deadlines',
  'facts',
  'controls',
  'kind',
  'title',
  'verification',
  'verified',
  'source',
];

export function withoutAnswers(file: Record<string, Json>): Record<string, Json> {
  const rest = Object.fromEntries(Object.entries(file).filter(([key]) => !forReaders.includes(key)));
  const events = (file.events as readonly { feed?: boolean }[]).filter((e) => e.feed === true);
  return { ...rest, events: events as unknown as Json };
}

export interface Renaming {
  readonly file: Record<string, Json>;
  /** The same renaming for a result that was printed for the original file. */
  result(original: Json): Json;
}

/** Days by which every instant moves: no whole number of weeks, and over the end of a month. */
const shiftDays = 37;
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const host = /\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:example|test)\b/gi;
/** Stands for the CA in every file of the schema; renaming it would be another CA's mail. */
const ownDomain = /(^|\.)(?:ca|subscriber)\.example$/i;

/** Ids, refs, serials and hosts renamed throughout, every instant moved. Orders of names change, so sort before comparing. */
export function renamed(file: Record<string, Json>): Renaming {
  const fixtures = file.fixtures as readonly { ref: string; serial?: string }[];
  const refs = new Map(fixtures.map((f, i) => [f.ref, `z${fixtures.length - i}-${f.ref.toLowerCase()}`]));
  const serials = new Map(
    fixtures.flatMap((f) => (f.serial === undefined ? [] : [[f.serial, otherSerial(f.serial)] as const])),
  );
  const change = (value: Json, key: string | null): Json => {
    if (typeof value === 'string') return changeText(value, key);
    if (Array.isArray(value)) return value.map((v) => change(v as Json, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, change(v as Json, k)]));
  };
  const changeText = (text: string, key: string | null): string => {
    if (instant.test(text)) return shifted(text);
    if (key === 'id') return `renamed-${text.split('').reverse().join('')}`;
    if (key === 'serial') return serials.get(text) ?? text;
    if (key === 'build' || key === 'channel' || key === 'schema' || key === 'asksFor' || key === 'claims')
      return key === 'claims' && refs.has(text) ? (refs.get(text) as string) : text;
    return refName(text) ?? placeholders(text).replaceAll(host, otherHost);
  };
  const refName = (text: string): string | null => {
    const [, base = '', rest = ''] = /^([^#/~]+)([#/~].*)?$/.exec(text) ?? [];
    const name = refs.get(base);
    return name === undefined ? null : `${name}${rest}`;
  };
  const placeholders = (text: string): string =>
    text.replaceAll(/\{\{([^{}]+)\}\}/g, (whole, inner: string) => {
      const [, head = '', ref = '', tail = ''] = /^((?:url|count):)?([^.]+)(\..+)?$/.exec(inner) ?? [];
      const name = refName(ref);
      return name === null ? whole : `{{${head}${name}${tail}}}`;
    });
  return { file: change(file, null) as Record<string, Json>, result: (original) => change(original, null) };
}

function shifted(text: string): string {
  return Temporal.Instant.from(text)
    .add({ hours: 24 * shiftDays })
    .toString();
}

/** As long as before, so that nothing hangs on length either; the first digit keeps it positive. */
function otherSerial(serial: string): string {
  const digits = '0123456789abcdef';
  return `3${[...serial.slice(1).toLowerCase()].map((d) => digits[(digits.indexOf(d) + 5) % 16]).join('')}`;
}

function otherHost(name: string): string {
  if (ownDomain.test(name)) return name;
  const labels = name.toLowerCase().split('.');
  const top = labels.pop();
  return `${labels.map((label) => (label === 'www' ? label : `q${label}`)).join('.')}.${top}`;
}

/** Lists of names in a fixed order, whatever the names are. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) {
    const inner = value.map((v) => sorted(v as Json));
    return inner.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, sorted(v as Json)]));
}
