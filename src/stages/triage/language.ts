/**
 * In which language a message was written, as ISO 639-1 or `und`. Script decides first, because a detector over
 * n-grams is at its weakest on the short messages we get; between languages of one script `eld` decides.
 */
import { eld } from 'eld/medium';

/** The languages that the lexicon and the training data cover. Anything else goes to a person. */
export const knownLanguages: ReadonlySet<string> = new Set([
  'en',
  'de',
  'fr',
  'es',
  'it',
  'nl',
  'pt',
  'pl',
  'ru',
  'tr',
  'hi',
  'ja',
  'ko',
  'zh',
  'ar',
  'vi',
]);

/** Enough to be sure; the rest of a long message is mostly quotes and lists. */
const detectedCharactersMax = 4_000;

const vietnamese = /[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/giu;

export function detectLanguage(raw: string): string {
  const text = prose(raw).slice(0, detectedCharactersMax);
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const letters = count(/\p{L}/gu);
  if (letters < 4) return 'und';
  const han = count(/\p{Script=Han}/gu);
  const kana = count(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu);
  const hangul = count(/\p{Script=Hangul}/gu);
  // One character of these scripts says as much as three Latin letters.
  if ((han + kana + hangul) * 3 >= letters - (han + kana + hangul)) {
    if (hangul > han + kana) return 'ko';
    return kana * 8 >= han ? 'ja' : 'zh';
  }
  const share = (pattern: RegExp) => count(pattern) / letters;
  if (share(/\p{Script=Devanagari}/gu) > 0.3) return detect(text) === 'mr' ? 'mr' : 'hi';
  if (share(/\p{Script=Arabic}/gu) > 0.3) {
    if (/[پچژگک]/.test(text)) return /[ٹڈڑں]/.test(text) ? 'ur' : 'fa';
    return 'ar';
  }
  if (share(/\p{Script=Cyrillic}/gu) > 0.3) {
    if (/[іїєґ]/i.test(text)) return 'uk';
    const found = detect(text);
    return found === 'und' || text.length < 60 ? 'ru' : found;
  }
  if (share(/\p{Script=Latin}/gu) < 0.5) return detect(text);
  if (count(vietnamese) >= 3 && count(vietnamese) * 25 >= letters) return 'vi';
  return latin(text);
}

/** Close relatives that the detector mixes up; a CA's mail is far more often in the one on the right. */
const relatives: Readonly<Record<string, string>> = {
  gl: 'pt',
  ca: 'es',
  af: 'nl',
  lb: 'de',
  nds: 'de',
  az: 'tr',
  fy: 'nl',
  oc: 'fr',
};

function latin(text: string): string {
  const scores = scoresOf(text);
  const best = scores[0];
  if (best === undefined) return /^[\p{ASCII}]*$/u.test(text) && englishWords.test(text) ? 'en' : 'und';
  const near = scores.filter(([language, score]) => knownLanguages.has(language) && score > best[1] - 0.06);
  if (near.length > 0 && (text.length < 120 || knownLanguages.has(best[0]))) {
    const english = near.find(([language]) => language === 'en');
    return english && englishWords.test(text) ? 'en' : near[0]![0];
  }
  if (englishWords.test(text) && (scores.find(([language]) => language === 'en')?.[1] ?? 0) > best[1] - 0.12)
    return 'en';
  return relatives[best[0]] ?? best[0];
}

const englishWords =
  /\b(?:the|and|your|you|please|is|this|that|for|with|we|from|have|not|stop|hello|unsubscribe|thanks)\b/i;

function detect(text: string): string {
  return scoresOf(text)[0]?.[0] ?? 'und';
}

function scoresOf(text: string): [string, number][] {
  return Object.entries(eld.detect(text).getScores()).sort((a, b) => b[1] - a[1]);
}

/** Words only: addresses, identifiers and machine output are no language. */
function prose(text: string): string {
  return text
    .replace(/-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:Hash:[^\n]*\n)?/g, '')
    .replace(/-----BEGIN[\s\S]*?(?:-----END[^\n]*|$)/g, ' ')
    .replace(/https?:\/\/\S+/gi, ' ')
    .replace(/\S+/g, (word) => (isNoWord(word) ? ' ' : word))
    .replace(/[^\S\n]+/g, ' ');
}

/** An address, a host, a number. Asked word by word: a search that may begin anywhere takes the square of a long one. */
function isNoWord(word: string): boolean {
  const at = word.indexOf('@', 1);
  return (at > 0 && at < word.length - 1) || /\d/.test(word) || /[\w-]\.[\w-]+\./.test(word);
}
