/**
 * Finds the phrases of the lexicon in a sentence. A phrase is a row of words: `key` exactly, `leak*` by its
 * beginning, `..` for up to four words in between. Scripts without spaces are matched character by character, so a
 * phrase of Chinese, Japanese or Korean is simply written down. One pass over the words, whatever the lexicon's size.
 */
import { wordsOf } from '../text.ts';

interface Node {
  readonly next: Map<number, Node>;
  /** Words that may stand between here and the next word of the phrase. */
  gap: Node | null;
  concepts: string[];
}

export interface Match {
  readonly concept: string;
  readonly from: number;
  readonly to: number;
}

const gapWordsMax = 4;
const gapCharactersMax = 12;
const prefixMin = 2;
/** Words at least this long may be off by one letter: people report in a hurry and in languages not their own. */
const typoLengthMin = 6;

export class Matcher {
  readonly #root: Node = { next: new Map(), gap: null, concepts: [] };
  readonly #exact = new Map<string, number>();
  readonly #prefix = new Map<string, number>();
  readonly #typos = new Map<string, number[]>();
  #prefixMax = 0;
  #ids = 0;

  add(concept: string, phrase: string): void {
    let node = this.#root;
    for (const part of phrase.trim().split(/\s+/)) {
      if (part === '..') {
        node.gap ??= { next: new Map(), gap: null, concepts: [] };
        node = node.gap;
        continue;
      }
      const open = part.endsWith('*');
      const words = wordsOf(open ? part.slice(0, -1) : part);
      words.forEach((word, index) => {
        const id = this.#idOf(word, open && index === words.length - 1 && !isCharacter(word));
        let following = node.next.get(id);
        if (!following) {
          following = { next: new Map(), gap: null, concepts: [] };
          node.next.set(id, following);
        }
        node = following;
      });
    }
    if (node === this.#root) throw new Error(`lexicon: empty phrase under ${concept}`);
    if (!node.concepts.includes(concept)) node.concepts.push(concept);
  }

  #idOf(word: string, open: boolean): number {
    const table = open ? this.#prefix : this.#exact;
    let id = table.get(word);
    if (id === undefined) {
      id = this.#ids++;
      table.set(word, id);
      if (open) this.#prefixMax = Math.max(this.#prefixMax, word.length);
      else if (word.length >= typoLengthMin && /^[a-z]+$/.test(word)) {
        for (const form of deletions(word)) this.#typos.set(form, [...(this.#typos.get(form) ?? []), id]);
      }
    }
    return id;
  }

  /** Ids of every lexicon word that this word of the message can be. */
  #idsOf(word: string): number[] {
    const ids: number[] = [];
    for (const form of formsOf(word)) {
      const exact = this.#exact.get(form);
      if (exact !== undefined) ids.push(exact);
      for (let length = prefixMin; length <= Math.min(form.length, this.#prefixMax); length++) {
        const id = this.#prefix.get(form.slice(0, length));
        if (id !== undefined) ids.push(id);
      }
    }
    if (ids.length === 0 && word.length >= typoLengthMin - 1 && /^[a-z]+$/.test(word)) {
      for (const form of deletions(word)) {
        const found = this.#typos.get(form);
        if (found) ids.push(...found);
      }
    }
    return ids;
  }

  match(words: readonly string[]): Match[] {
    const ids = words.map((word) => this.#idsOf(word));
    const found: Match[] = [];
    const walk = (node: Node, at: number, from: number): void => {
      for (const concept of node.concepts) found.push({ concept, from, to: at });
      if (at >= words.length) return;
      for (const id of ids[at]!) {
        const following = node.next.get(id);
        if (following) walk(following, at + 1, from);
      }
      if (node.gap) {
        const reach = isCharacter(words[at] ?? '') ? gapCharactersMax : gapWordsMax;
        for (let skip = 0; skip <= reach && at + skip < words.length; skip++) {
          for (const id of ids[at + skip]!) {
            const following = node.gap.next.get(id);
            if (following) walk(following, at + skip + 1, from);
          }
        }
      }
    };
    for (let at = 0; at < words.length; at++) {
      for (const id of ids[at]!) {
        const following = this.#root.next.get(id);
        if (following) walk(following, at + 1, at);
      }
    }
    return found;
  }
}

const characters = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々]$/u;
export function isCharacter(word: string): boolean {
  return word.length <= 2 && word.charCodeAt(0) > 0x2000 && characters.test(word);
}

/** Arabic writes the article and small words onto the next word; both forms count. */
const arabicPrefixes = ['وال', 'بال', 'لل', 'ال', 'فال', 'كال', 'و', 'ب', 'ل', 'ف'];
function formsOf(word: string): string[] {
  const code = word.charCodeAt(0);
  if (code < 0x600 || code > 0x6ff) {
    // l'invoice, d'accès, dell'azienda: the part after the apostrophe is the word.
    const cut = word.indexOf("'");
    if (cut > 0 && cut < word.length - 1) return [word, word.slice(cut + 1), word.slice(0, cut)];
    return [word];
  }
  const forms = [word];
  for (const prefix of arabicPrefixes) {
    if (word.length > prefix.length + 2 && word.startsWith(prefix)) forms.push(word.slice(prefix.length));
  }
  return forms;
}

/** The word and every form with one letter left out (the SymSpell trick: two words one edit apart share a form). */
function deletions(word: string): string[] {
  const forms = [word];
  for (let at = 0; at < word.length; at++) forms.push(word.slice(0, at) + word.slice(at + 1));
  return forms;
}

/** Reads `CONCEPT: phrase | phrase` lines; a line that starts with blanks goes on. `//` starts a comment. */
export function parseLexicon(text: string): Map<string, string[]> {
  const lexicon = new Map<string, string[]>();
  let concept = '';
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\/\/.*$/, '').trim();
    if (line === '') continue;
    const head = /^([A-Z][A-Z0-9_]+):(.*)$/.exec(line);
    if (head) concept = head[1]!;
    const list = lexicon.get(concept) ?? [];
    for (const phrase of (head ? head[2]! : line).split('|')) if (phrase.trim() !== '') list.push(phrase.trim());
    lexicon.set(concept, list);
  }
  return lexicon;
}
