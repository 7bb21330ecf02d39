/**
 * Text as the recognisers want it. Reporters defang links so that filters let them pass, phishers write hosts in
 * look-alike letters, and copy-and-paste leaves invisible characters inside serial numbers. None of that may hide
 * an identifier from us (intake-and-cases b.3 no. 19), so it is undone here, once, for all recognisers.
 */

/** Invisible characters: zero-width, soft hyphen, direction marks, word joiner, byte order mark. */
const invisible = /\u00AD|\u034F|\u061C|\u115F|\u180E|[\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069]|\uFEFF/g;

/** Letters of other scripts that look like an ASCII letter or sign. Only those a forger or a keyboard really uses. */
const lookalikes = new Map<string, string>(
  Object.entries({
    а: 'a',
    в: 'b',
    е: 'e',
    к: 'k',
    м: 'm',
    н: 'h',
    о: 'o',
    р: 'p',
    с: 'c',
    т: 't',
    у: 'y',
    х: 'x',
    ѕ: 's',
    і: 'i',
    ј: 'j',
    ԁ: 'd',
    ԛ: 'q',
    ԝ: 'w',
    ѵ: 'v',
    һ: 'h',
    ӏ: 'l',
    А: 'A',
    В: 'B',
    Е: 'E',
    К: 'K',
    М: 'M',
    Н: 'H',
    О: 'O',
    Р: 'P',
    С: 'C',
    Т: 'T',
    У: 'Y',
    Х: 'X',
    Ѕ: 'S',
    І: 'I',
    Ј: 'J',
    α: 'a',
    ο: 'o',
    ρ: 'p',
    ν: 'v',
    υ: 'u',
    ι: 'i',
    κ: 'k',
    Α: 'A',
    Β: 'B',
    Ε: 'E',
    Ζ: 'Z',
    Η: 'H',
    Ι: 'I',
    Κ: 'K',
    Μ: 'M',
    Ν: 'N',
    Ο: 'O',
    Ρ: 'P',
    Τ: 'T',
    Υ: 'Y',
    Χ: 'X',
    ɡ: 'g',
    ɑ: 'a',
    ı: 'i',
    '∶': ':',
    '：': ':',
    '．': '.',
    '。': '.',
    '‐': '-',
    '‑': '-',
    '‒': '-',
    '–': '-',
    '—': '-',
    '−': '-',
    '／': '/',
    '․': '.',
  }),
);

/** Removes what cannot be seen and folds full-width forms; ordinary letters of every language stay as they are. */
export function visibleText(text: string): string {
  return text.replace(invisible, '').replace(/[\uFF01-\uFF5E\u3000]/g, (char) => char.normalize('NFKC'));
}

/**
 * The same text with look-alike letters turned into ASCII wherever a word mixes them with ASCII letters or digits:
 * `еxample.com` with a Cyrillic е, `0А:3F` with a Cyrillic А. A word of one script alone is left alone.
 */
export function withoutLookalikes(text: string): string {
  if (!/[^\p{ASCII}]/u.test(text)) return text;
  return text.replace(/[^\s<>"'()]+/gu, (word) => {
    if (!/[A-Za-z0-9]/.test(word) || !/[\u0370-\u052F\u2010-\u2015\u2024\u2212\u2236\u0251\u0261\u0131]/.test(word))
      return word;
    const folded = [...word].map((char) => lookalikes.get(char) ?? char).join('');
    // Keep the folding only where it ended in plain ASCII: otherwise it was a word of another language.
    return /^\p{ASCII}*$/u.test(folded) ? folded : word;
  });
}

/** Restores defanged addresses: hxxps, [.], (dot), [://], `example . com` is left alone. */
export function refang(text: string): string {
  if (!/h[xX*+]{2}p|meow|\[|\(|\{|\\\./i.test(text)) return text;
  return text
    .replace(/\bh(?:xx|XX|\*\*|\+\+|tt\[?|XX)ps?(?=\s?(?::|\[:|\(:))/gi, (match) =>
      /s$/i.test(match) ? 'https' : 'http',
    )
    .replace(/\bmeows?(?=:\/\/)/gi, (match) => (/s$/i.test(match) ? 'https' : 'http'))
    .replace(/\s?\[:\]\s?/g, ':')
    .replace(/\[:\/\/\]|\[:\]\/\/|\(:\/\/\)/g, '://')
    .replace(/(?<=https?:)\[\/\/\]/g, '//')
    .replace(/\[\/\]/g, '/')
    .replace(/\s?[[({](?:\.|dot|punto|punkt|point|ponto|nokta|точка|kropka)[\])}]\s?/gi, '.')
    .replace(/(?<=[\w-])\\\.(?=[\w-])/g, '.')
    .replace(/\[@\]|[[(]at[\])]/gi, '@');
}

/** Everything above, in order. */
export function identifierText(text: string): string {
  return refang(withoutLookalikes(visibleText(text)));
}
