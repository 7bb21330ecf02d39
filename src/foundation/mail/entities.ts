/** HTML character references: all numeric ones, and the named ones of HTML 4 that people's mail programs write. */

// ISO 8859-1 from 160, in order (HTML 4.01 section 24.2.1).
const latin1Names =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

const named = new Map<string, string>([
  ...latin1Names.split(' ').map((name, i) => [name, String.fromCharCode(160 + i)] as const),
  ...(
    'amp:& lt:< gt:> quot:" apos:\' AMP:& LT:< GT:> QUOT:" OElig:Œ oelig:œ Scaron:Š scaron:š Yuml:Ÿ fnof:ƒ circ:ˆ tilde:˜ ' +
    'ndash:– mdash:— lsquo:‘ rsquo:’ sbquo:‚ ldquo:“ rdquo:” bdquo:„ dagger:† Dagger:‡ bull:• hellip:… permil:‰ prime:′ ' +
    'lsaquo:‹ rsaquo:› euro:€ trade:™ larr:← uarr:↑ rarr:→ darr:↓ harr:↔ minus:− infin:∞ ne:≠ le:≤ ge:≥ hearts:♥ ' +
    'Alpha:Α Beta:Β Gamma:Γ Delta:Δ Omega:Ω alpha:α beta:β gamma:γ delta:δ omega:ω pi:π mu:μ sigma:σ ' +
    'colon:: sol:/ period:. comma:, num:# commat:@ lowbar:_ hyphen:‐ dash:‐ equals:= plus:+ lpar:( rpar:) lbrack:[ rsqb:] lsqb:[ rbrack:] ' +
    'Abreve:Ă abreve:ă Aogon:Ą aogon:ą Cacute:Ć cacute:ć Ccaron:Č ccaron:č Dcaron:Ď dcaron:ď Ecaron:Ě ecaron:ě Eogon:Ę eogon:ę ' +
    'Gbreve:Ğ gbreve:ğ Idot:İ imath:ı Lstrok:Ł lstrok:ł Nacute:Ń nacute:ń Ncaron:Ň ncaron:ň Odblac:Ő odblac:ő Rcaron:Ř rcaron:ř ' +
    'Sacute:Ś sacute:ś Scedil:Ş scedil:ş Tcaron:Ť tcaron:ť Udblac:Ű udblac:ű Uring:Ů uring:ů Zacute:Ź zacute:ź Zcaron:Ž zcaron:ž Zdot:Ż zdot:ż'
  )
    .split(' ')
    .map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)] as const),
  ['ensp', ' '],
  ['emsp', ' '],
  ['thinsp', ' '],
  ['zwnj', '\u200c'],
  ['zwj', '\u200d'],
  ['NewLine', '\n'],
  ['Tab', '\t'],
]);

/** References that are unknown stay as they are. Zero-width and soft hyphens are kept: the reader decides. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#(\d{1,8})|#[xX]([0-9A-Fa-f]{1,7})|([A-Za-z][A-Za-z0-9]{1,30}));?/g,
    (whole, dec, hex, name) => {
      if (name !== undefined) return named.get(name as string) ?? whole;
      const code = dec !== undefined ? Number(dec) : Number.parseInt(hex as string, 16);
      if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
      // Numbers 128-159 are meant as windows-1252 (HTML standard, numeric character reference end state).
      if (code >= 0x80 && code <= 0x9f) return new TextDecoder('windows-1252').decode(Uint8Array.of(code));
      return String.fromCodePoint(code);
    },
  );
}
