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
  // A column of ids in a table whose heading says so.
  for (const head of text.matchAll(
    /^([^\n]*\bcrt\.?_?sh(?:[ _-]?id)?s?\b[^\n]*[,;\t|][^\n]*|[^\n]*[,;\t|][^\n]*\bcrt\.?_?sh(?:[ _-]?id)?s?\b[^\n]*)\r?\n((?:[^\n]*[,;\t|][^\n]*(?:\n|$))+)/gim,
  )) {
    const sign = [',', ';', '\t', '|'].find((char) => head[1]!.includes(char)) ?? ',';
    const number = head[1]!.split(sign).findIndex((cell) => /crt\.?_?sh/i.test(cell));
    for (const row of head[2]!.split('\n')) {
      const cell = /^\s*"?(\d{5,14})"?\s*$/.exec(row.split(sign)[number] ?? '');
      if (cell) add(cell[1]!, head.index);
    }
  }
  return [...ids.keys()];
}
