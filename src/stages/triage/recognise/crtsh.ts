/** Ids of crt.sh, the public search over Certificate Transparency logs: in links, in words, in JSON, in lists. */

const link = /crt\.sh\/?(?:\?[^\s"'<>]*?\b(?:id|asn1|ocsp|cablint|x509lint|zlint)=|\/)(\d{1,14})(?!\d)/gi;
const worded =
  /crt[.\s_-]?sh(?!\/\?(?:sha|q=|spki|identity|serial|cn=|d=))["'”)]?[^\n\d]{0,36}?(?<![\d.])(\d{5,14})(?![\d.-]*[A-Fa-f:])(?!\d)/gi;
const reversed =
  /(?<!\d)(\d{7,14})["']?[^\n\d]{0,24}?(?:on|at|auf|bei|sur|en|su|op|na|в|no|,|\(|from|in)\s+["'(]?crt\.sh(?!\/)/gi;
const more =
  /^(?:\s|,|;|\/|&|\+|\||"|'|\]|\[|•|and|und|et|y|e|en|i|и|ve|और|と|、|및|和|و|và|or|oder){1,12}(\d{7,14})(?!\d|:|[A-Fa-f])/i;
const jsonKey = /"(?:crt\.?_?sh(?:_?ids?)?|crtsh\w*|min_cert_id|crt_sh_id)"\s*:\s*(\[[^\]]{0,200000}\]|"?\d{5,14}"?)/gi;

export function findCrtshIds(text: string): string[] {
  const ids = new Map<string, number>();
  const add = (id: string, at: number) => {
    if (!ids.has(id)) ids.set(id, at);
  };
  for (const regex of [link, worded]) {
    for (const match of text.matchAll(regex)) {
      add(match[1]!, match.index);
      let at = match.index + match[0].length;
      for (let count = 0; count < 20_000; count++) {
        const after = more.exec(text.slice(at, at + 60));
        if (!after) break;
        add(after[1]!, at);
        at += after[0].length;
      }
    }
  }
  for (const match of text.matchAll(reversed)) add(match[1]!, match.index);
  for (const match of text.matchAll(jsonKey)) for (const id of match[1]!.matchAll(/\d{5,14}/g)) add(id[0], match.index);
  for (const { id, at } of idsInTables(text)) add(id, at);
  return [...ids.keys()];
}

const separators = [',', ';', '\t', '|'];
/** A heading longer than this heads no table that a person made. */
const headingCharactersMax = 4_000;

/** A column of ids in a table whose heading says so. Line by line: one pattern over all lines takes the square of them. */
function* idsInTables(text: string): Generator<{ readonly id: string; readonly at: number }> {
  let start = 0;
  let column: { readonly sign: string; readonly number: number; readonly at: number } | null = null;
  while (start < text.length) {
    const end = text.indexOf('\n', start) < 0 ? text.length : text.indexOf('\n', start);
    const line = text.slice(start, end);
    const heading = columnOf(line);
    if (heading !== null) column = { ...heading, at: start };
    else if (!separators.some((sign) => line.includes(sign))) column = null;
    else if (column !== null) {
      const cell = /^\s*"?(\d{5,14})"?\s*$/.exec(line.split(column.sign)[column.number] ?? '');
      if (cell !== null) yield { id: cell[1]!, at: column.at };
    }
    start = end + 1;
  }
}

function columnOf(line: string): { readonly sign: string; readonly number: number } | null {
  if (line.length > headingCharactersMax || !/\bcrt\.?_?sh(?:[ _-]?id)?s?\b/i.test(line)) return null;
  const sign = separators.find((char) => line.includes(char));
  if (sign === undefined) return null;
  return { sign, number: line.split(sign).findIndex((cell) => /crt\.?_?sh/i.test(cell)) };
}
