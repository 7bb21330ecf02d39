/**
 * A message as triage reads it: sentences of folded words per zone, with everything masked that must not be a
 * feature. Host names, addresses, Message-IDs, file names and numbers become one word for their *kind*; renaming
 * every host of a message therefore leaves its verdict unchanged (a test holds this).
 */
import type { Message, TextRole } from '../../foundation/mail/message.ts';
import { identifierText } from './recognise/clean.ts';
import { maskObjects } from './recognise/objects.ts';

/** `own` is what the writer says now; `passed` is a forwarded or enclosed message; `quoted` is older thread. */
export type Zone = 'subject' | 'own' | 'passed' | 'quoted';

export interface Sentence {
  readonly zone: Zone;
  /** Folded words; every Han, kana or Hangul character is a word of its own. */
  readonly words: readonly string[];
  /** Paragraph number, to look at one stretch of text by itself. */
  readonly paragraph: number;
  readonly text: string;
}

/** Characters of running text that are judged, and sentences at most: the rest of a very long message adds nothing. */
export const judgedCharactersMax = 24_000;
const sentencesMax = 600;

const zoneOf: Record<TextRole, Zone | null> = {
  own: 'own',
  forwarded: 'passed',
  attachment: 'passed',
  machine: 'passed',
  quoted: 'quoted',
  signature: null,
};

export function sentencesOf(message: Message): Sentence[] {
  const sentences: Sentence[] = [];
  let paragraph = 0;
  let budget = judgedCharactersMax;
  const read = (zone: Zone, text: string) => {
    if (budget <= 0) return;
    const masked = mask(text.slice(0, Math.min(budget, 60_000)));
    budget -= masked.length;
    for (const block of masked.split(/\n[ \t>]*\n+/)) {
      paragraph++;
      for (const piece of splitSentences(block)) {
        const words = wordsOf(piece);
        if (words.length > 0 && sentences.length < sentencesMax)
          sentences.push({ zone, words, paragraph, text: piece.trim() });
      }
    }
  };
  read('subject', message.subject);
  for (const wanted of ['own', 'passed', 'quoted'] as const) {
    for (const block of message.texts) if (zoneOf[block.role] === wanted) read(wanted, block.text);
  }
  return sentences;
}

const keyFile = 'xkeyfile';

/** Identifiers become words for their kind. The words start with x so that no language has them. */
export function mask(raw: string): string {
  return (
    identifierText(maskObjects(raw))
      .replace(/⟦(\w+)⟧/g, ' x$1 ')
      // What the reading room leaves in place of a key.
      .replace(/\[private key, unreadable\]/gi, ' xemptykey ')
      .replace(/\[(?:locked )?private key[^\]\n]{0,200}\]/gi, ' xprivatekey ')
      .replace(/<[^<>\s@]+@[^<>\s]+>/g, ' ')
      .replace(/\b(?:https?|ftp):\/\/[^\s<>"'）」]+/gi, (url) => maskUrl(url))
      .replace(/(?<![\w.])crt\.sh\b\S*/gi, ' xcrtsh ')
      .replace(/(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*/gu, ' xaddress ')
      .replace(
        /(?<![\p{L}\p{N}])(?:[\w-]*[./\\])*[\w-]*\.(?:key|pfx|p12|jks|pk8|keystore)(?![\p{L}\p{N}.])|\bid_(?:rsa|ecdsa|ed25519)\b/giu,
        ` ${keyFile} `,
      )
      .replace(/(?<![\p{L}\p{N}])(?:[\w-]*[./\\])*[\w-]+\.(?:pem|crt|cer|der|csr)(?![\p{L}\p{N}.])/giu, ' xcertfile ')
      .replace(/\*\.(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu, ' xwildhost ')
      .replace(
        /(?<![\p{L}\p{N}@])(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*)\.)+(?:[a-z]{2,24}|рф)(?![\p{L}\p{N}])/giu,
        (host) => maskHost(host),
      )
      .replace(
        /(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[: -]){7,}[0-9A-Fa-f]{2}|(?<![0-9A-Za-z])[0-9A-Fa-f]{16,}(?![0-9A-Za-z])/g,
        ' xhex ',
      )
      .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, ' xip ')
      .replace(
        /\b(?:rsa|RSA)[- ]?(\d{3,5})\b/g,
        (_, bits: string) => ` rsa ${Number(bits) < 2048 ? 'xsmallbits' : 'xbits'} `,
      )
      .replace(/\b(512|768|1024)[ -]?(?=bits?\b|бит|ビット|位|비트|بت)/gi, ' xsmallbits ')
      .replace(/\b4\.9\.1\.1\b|\b4\.9\.[1-9]\d?(?:\.\d)?\b/g, ' xbrsection ')
      .replace(/\b\d[\d.,:/-]*\d\b|\b\d\b/g, ' xnum ')
  );
}

function maskUrl(url: string): string {
  if (/crt\.sh/i.test(url)) return ' xcrtsh ';
  if (/\.(?:key|pfx|p12|jks)\b|\/\.(?:git|env|ssh)\b|id_rsa|private[-_]?key/i.test(url)) return ` xurl ${keyFile} `;
  return ' xurl ';
}

/** A word with a dot is a host unless it is a file; abbreviations were never two letters after the last dot. */
function maskHost(host: string): string {
  if (
    /\.(?:txt|csv|json|xml|html?|php|js|ts|py|zip|gz|tar|exe|pdf|docx?|xlsx?|png|jpe?g|conf|cfg|ini|ya?ml|env|log|bin|sql|bak|md|sh)$/i.test(
      host,
    ) &&
    host.split('.').length < 4
  ) {
    return / ?\.(?:env|sql|bak)$/i.test(host) ? ' xsecretfile ' : ' xfile ';
  }
  if (/^(?:\p{L}\.){1,4}\p{L}?$/u.test(host)) return host.replaceAll('.', '');
  return ' xhost ';
}

/** A sentence ends at its mark, at a blank line, or where a list goes on. A wrapped line does not end one. */
export function splitSentences(block: string): string[] {
  return block.split(
    /(?<=[.!?…])[\s"'»”)]+(?=\S)|(?<=[。！？])|(?<=[।؟])\s*|\n(?=[ \t>]*(?:[-*•|#–]|\d{1,2}[.)]|\w[\w -]{0,24}:)\s)|;\s/u,
  );
}

/** Letters of one script run and marks; single characters where the script writes no spaces. */
const single = '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}ー々]';
const wordPattern = new RegExp(
  `${single}|(?:(?!${single})[\\p{L}\\p{M}\\p{N}])+(?:'(?!\\s)\\p{L}[\\p{L}\\p{M}]*)*|[?]`,
  'gu',
);

export function wordsOf(text: string): string[] {
  return fold(text).match(wordPattern) ?? [];
}

/** Lower case, without accents where people leave them out; one form for letters that are written in two ways. */
export function fold(text: string): string {
  let out = text.toLowerCase();
  if (/^\p{ASCII}*$/u.test(out)) return out;
  out = out
    .replace(/[’ʼ‘`´]/g, "'")
    .replace(/[？]/g, '?')
    .replace(/؟/g, '?')
    .replace(/ß/g, 'ss')
    .replace(/[łŁ]/g, 'l')
    .replace(/đ/g, 'd')
    .replace(/ø/g, 'o')
    .replace(/æ/g, 'ae')
    .replace(/œ/g, 'oe')
    .replace(/ı/g, 'i')
    .normalize('NFKD')
    // Latin, Greek and Cyrillic accents, Arabic vowel signs and the Devanagari nukta; vowel signs of Hindi stay.
    .replace(/[\u0300-\u036f\u064b-\u065f\u0670\u0640\u093c]/g, '')
    .normalize('NFC');
  if (/[\u0600-\u06ff]/.test(out))
    out = out
      .replace(/[أإآٱ]/g, 'ا')
      .replace(/ى/g, 'ي')
      .replace(/ة/g, 'ه')
      .replace(/[ؤ]/g, 'و')
      .replace(/ئ/g, 'ي');
  return out;
}
