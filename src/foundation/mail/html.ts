/**
 * HTML to text, for reading and never for display. One pass over the characters, no tree, no backtracking: broken
 * markup costs what sound markup costs. Hidden text is kept (and marked as hidden), because evidence has been found
 * in it; so are href and src targets, because what a link says and where it goes are two things.
 */
import { HTML_CHARS_MAX, LINKS_MAX } from './bounds.ts';
import { decodeEntities } from './entities.ts';

export interface HtmlText {
  readonly text: string;
  /** Text that a mail program would not show: display none, zero size, white on white, comments. */
  readonly hidden: string;
  /** href and src targets, in order, each once. */
  readonly links: readonly string[];
  readonly problem: 'html_too_large' | null;
}

const blockTags = new Set(
  'address article aside blockquote br center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody tfoot thead title tr ul'.split(
    ' ',
  ),
);
const voidTags = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));
const hiddenStyle =
  /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$|!)|opacity\s*:\s*0\s*(?:;|$)|max-height\s*:\s*0(?:px)?\s*(?:;|$)|mso-hide\s*:\s*all|color\s*:\s*(?:#fff(?:fff)?|white)\s*(?:;|$)/i;

/** Nesting that is followed exactly; deeper markup is read on as if it were flat. */
const HTML_DEPTH_MAX = 2_000;
const ATTRIBUTES_CHARS_MAX = 64 * 1024;
/** Characters read in vain behind unclosed quotes before quotes stop protecting `>`. Keeps hostile markup linear. */
const QUOTE_SEARCH_CHARS_MAX = 1024 * 1024;

export function htmlToText(source: string): HtmlText {
  const html = source.length > HTML_CHARS_MAX ? source.slice(0, HTML_CHARS_MAX) : source;
  const links = new Set<string>();
  const shown = new Writer();
  const hidden = new Writer();
  /** Names of open elements with whether they hide and quote. */
  const open: { name: string; hides: boolean; quotes: boolean }[] = [];
  const openCount = new Map<string, number>();
  let hiding = 0;
  let quoting = 0;
  let preformatted = 0;
  let at = 0;
  const waste = { left: QUOTE_SEARCH_CHARS_MAX };

  const write = (text: string): void => {
    if (text === '') return;
    const target = hiding > 0 ? hidden : shown;
    target.write(decodeEntities(text), preformatted > 0);
  };
  const breakLine = (): void => (hiding > 0 ? hidden : shown).line(hiding > 0 ? 0 : quoting);

  while (at < html.length) {
    const less = html.indexOf('<', at);
    if (less < 0) {
      write(html.slice(at));
      break;
    }
    write(html.slice(at, less));
    if (html.startsWith('<!--', less)) {
      const end = html.indexOf('-->', less + 4);
      const stop = end < 0 ? html.length : end;
      const comment = html.slice(less + 4, stop);
      // Conditional comments of word processors are markup, not words.
      if (!comment.startsWith('[if') && !comment.includes('<')) hidden.write(`${comment.trim()}\n`, false);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    const tag = readTag(html, less, waste);
    if (tag === null) {
      write('<');
      at = less + 1;
      continue;
    }
    at = tag.next;
    const name = tag.name;
    if (!tag.closing && (name === 'script' || name === 'style')) {
      const end = findClosing(html, at, name);
      at = end;
      continue;
    }
    if (blockTags.has(name)) breakLine();
    if (name === 'td' || name === 'th') (hiding > 0 ? hidden : shown).write(' ', false);
    if (tag.closing) {
      if ((openCount.get(name) ?? 0) > 0) {
        for (let top = open.pop(); top !== undefined; top = open.pop()) {
          openCount.set(top.name, (openCount.get(top.name) ?? 1) - 1);
          if (top.hides) hiding--;
          if (top.quotes) {
            quoting--;
            shown.line(quoting);
          }
          if (top.name === 'pre') preformatted--;
          if (top.name === name) break;
        }
      }
      continue;
    }
    for (const target of tag.targets) if (links.size < LINKS_MAX) links.add(target);
    if (tag.alternative !== '') write(` ${tag.alternative} `);
    if (tag.selfClosing || voidTags.has(name) || open.length >= HTML_DEPTH_MAX) continue;
    const quotes = name === 'blockquote' || tag.quotes;
    open.push({ name, hides: tag.hides, quotes });
    openCount.set(name, (openCount.get(name) ?? 0) + 1);
    if (tag.hides) hiding++;
    if (quotes) {
      quoting++;
      shown.line(quoting);
    }
    if (name === 'pre') preformatted++;
  }
  return {
    text: shown.done(),
    hidden: hidden.done(),
    links: [...links],
    problem: html.length < source.length ? 'html_too_large' : null,
  };
}

/** Collects text with blanks collapsed and quoted lines marked with `> ` like plain text, so one splitter reads both. */
class Writer {
  private readonly lines: string[] = [];
  /** Pieces of the line being written: joined once, because asking a growing string for its end copies it. */
  private pieces: string[] = [];
  private endsBlank = true;
  private depth = 0;
  private blankLines = 0;

  write(text: string, keepLines: boolean): void {
    if (!keepLines) {
      this.append(text.replace(/[\s\u00a0]+/g, ' '));
      return;
    }
    for (const [i, line] of text.split('\n').entries()) {
      if (i > 0) this.line(this.depth, true);
      this.pieces.push(line);
      this.endsBlank = false;
    }
  }

  private append(text: string): void {
    const piece = this.endsBlank ? text.trimStart() : text;
    if (piece === '') return;
    this.pieces.push(piece);
    this.endsBlank = piece.endsWith(' ');
  }

  /** Ends the line; the next one stands at quote level `depth`. */
  line(depth: number, evenIfEmpty = false): void {
    const text = this.pieces.join('').trimEnd();
    if (text !== '' || evenIfEmpty) {
      this.lines.push(`${'> '.repeat(Math.min(this.depth, 5))}${text}`);
      this.blankLines = text === '' ? this.blankLines + 1 : 0;
    } else if (this.lines.length > 0 && this.blankLines === 0) {
      this.lines.push('');
      this.blankLines = 1;
    }
    this.pieces = [];
    this.endsBlank = true;
    this.depth = depth;
  }

  done(): string {
    this.line(0);
    return this.lines.join('\n').trim();
  }
}

interface Tag {
  readonly name: string;
  readonly closing: boolean;
  readonly selfClosing: boolean;
  readonly next: number;
  readonly hides: boolean;
  readonly quotes: boolean;
  readonly targets: readonly string[];
  readonly alternative: string;
}

const isNameStart = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);

/** The tag that starts at `less`, or null when this `<` is only a character. */
function readTag(html: string, less: number, waste: { left: number }): Tag | null {
  let at = less + 1;
  const closing = html[at] === '/';
  if (closing) at++;
  if (html[at] === '!' || html[at] === '?') {
    const end = html.indexOf('>', at);
    return {
      name: '!',
      closing: true,
      selfClosing: true,
      next: end < 0 ? html.length : end + 1,
      hides: false,
      quotes: false,
      targets: [],
      alternative: '',
    };
  }
  if (!isNameStart(html.charCodeAt(at))) return null;
  const nameFrom = at;
  while (at < html.length && at - nameFrom < 60 && /[A-Za-z0-9:_-]/.test(html[at] as string)) at++;
  const name = html.slice(nameFrom, at).toLowerCase();
  const attributesFrom = at;
  let quote = '';
  const limit = Math.min(html.length, attributesFrom + ATTRIBUTES_CHARS_MAX);
  while (at < limit) {
    const c = html[at] as string;
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (waste.left > 0 && (c === '"' || c === "'") && html[at - 1] === '=') quote = c;
    else if (c === '>') break;
    at++;
  }
  if (at >= limit && html[at] !== '>') {
    // No end in sight (an unclosed quote): end at the next `>` whatever stands in quotes.
    const plain = html.slice(attributesFrom, limit).indexOf('>') + attributesFrom;
    waste.left -= at - attributesFrom;
    at = plain < attributesFrom ? limit : plain;
  }
  const attributes = html.slice(attributesFrom, at);
  const next = Math.min(html.length, at + 1);
  const selfClosing = attributes.endsWith('/');
  if (closing || attributes.trim() === '') {
    return { name, closing, selfClosing, next, hides: false, quotes: false, targets: [], alternative: '' };
  }
  const style = attribute(attributes, 'style');
  const hides =
    (style !== '' && hiddenStyle.test(style)) || /(?:^|\s)hidden(?=\s|=|$)/i.test(attributes) || name === 'template';
  const quotes =
    /class\s*=\s*["']?[^"'>]{0,200}\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote)\b/i.test(attributes);
  const targets = [attribute(attributes, 'href'), attribute(attributes, 'src'), attribute(attributes, 'action')]
    .map((target) => decodeEntities(target).trim())
    .filter((target) => target !== '' && !/^(?:#|cid:|data:|javascript:)/i.test(target));
  const alternative = name === 'img' ? attribute(attributes, 'alt') : '';
  return { name, closing, selfClosing, next, hides, quotes: quotes && name !== 'span', targets, alternative };
}

/** Value of one attribute of a bounded attribute string. */
function attribute(attributes: string, name: string): string {
  const found = attributePatterns.get(name)?.exec(attributes);
  return found?.[1] ?? found?.[2] ?? found?.[3] ?? '';
}

const attributePatterns = new Map(
  ['href', 'src', 'action', 'style', 'alt'].map((name) => [
    name,
    new RegExp(`(?:^|[\\s"'/])${name}\\s{0,20}=\\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i'),
  ]),
);

function findClosing(html: string, from: number, name: string): number {
  const pattern = name === 'script' ? /<\/script[\s>/]/gi : /<\/style[\s>/]/gi;
  pattern.lastIndex = from;
  const found = pattern.exec(html);
  if (found === null) return html.length;
  const end = html.indexOf('>', found.index);
  return end < 0 ? html.length : end + 1;
}
