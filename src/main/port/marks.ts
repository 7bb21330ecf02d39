/** Where in a message stands what triage found: the words a person has to see first. */
import type * as c from '../../api/contract/index.ts';
import type { Artifacts, Because } from '../../desk/facts.ts';

type Mark = c.Message['blocks'][number]['marks'][number];

const valuesMax = 300;
const marksMax = 500;
/** Shorter ones stand everywhere by chance. */
const hexMin = 6;

export function marksIn(
  text: string,
  found: { readonly artifacts: Artifacts; readonly because: readonly Because[] },
): Mark[] {
  const { artifacts, because } = found;
  const hex = (kind: string, values: readonly string[]) =>
    values.filter((v) => v.length >= hexMin).map((value) => ({ kind, value, pattern: hexPattern(value) }));
  const plain = (kind: string, values: readonly string[]) =>
    values.filter((v) => v.length >= 3).map((value) => ({ kind, value, pattern: quoted(value) }));
  const wanted = [
    ...hex('fingerprint', artifacts.fingerprintsSha256),
    ...hex('spki', artifacts.spkiSha256),
    ...hex('serial', artifacts.serials),
    ...plain('url', artifacts.urls),
    ...plain('crtsh', artifacts.crtshIds),
    ...plain('domain', artifacts.domains),
    ...because
      .filter((b) => b.excerpt.length >= 3)
      .map((b) => ({ kind: 'phrase', value: b.excerpt, pattern: phrasePattern(b.excerpt) })),
  ].slice(0, valuesMax);
  const marks: Mark[] = [];
  for (const { kind, value, pattern } of wanted)
    for (const match of text.matchAll(new RegExp(pattern, 'gi'))) {
      if (marks.length >= marksMax) return withoutOverlap(marks);
      marks.push({ start: match.index, end: match.index + match[0].length, kind, value });
    }
  return withoutOverlap(marks);
}

/** Colons and blanks may stand between the digits, zeros before them. */
function hexPattern(value: string): string {
  return `(?<![0-9a-f])0*${[...value].map(quoted).join('[: ]?')}(?![0-9a-f])`;
}

/** An excerpt has its white space folded; the text breaks its lines where it likes. */
function phrasePattern(excerpt: string): string {
  return excerpt.replaceAll(/^…|…$/g, '').trim().split(/\s+/).map(quoted).join('\\s+');
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** The first and longest of those that share a place. */
function withoutOverlap(marks: readonly Mark[]): Mark[] {
  const kept: Mark[] = [];
  for (const mark of marks.toSorted((a, b) => a.start - b.start || b.end - a.end))
    if (mark.start >= (kept.at(-1)?.end ?? 0)) kept.push(mark);
  return kept;
}
