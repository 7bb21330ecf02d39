/** A letter as blocks, turned into plain text and into HTML that says the same and loads nothing. */
export type Block =
  | { readonly say: string }
  | { readonly list: readonly string[] }
  | { readonly link: string; readonly label: string }
  /** Text to be copied exactly, such as a challenge. */
  | { readonly exact: string };

const lineWidth = 76;

export function asText(blocks: readonly Block[]): string {
  return `${blocks.map(blockText).join('\n\n')}\n`;
}

export function asHtml(blocks: readonly Block[], language: string): string {
  const direction = ['ar', 'he', 'fa', 'ur'].includes(language) ? 'rtl' : 'ltr';
  const style = 'font:15px/1.5 system-ui,sans-serif;max-width:40em;color:#1a1a1a';
  return `<!doctype html><html lang="${escapeHtml(language)}" dir="${direction}"><meta charset="utf-8"><body style="${style}">${blocks.map(blockHtml).join('')}</body></html>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function blockText(block: Block): string {
  if ('say' in block) return wrap(block.say, '');
  if ('list' in block) return block.list.map((item) => wrap(`- ${item}`, '  ')).join('\n');
  if ('link' in block) return `${wrap(block.label, '')}\n${block.link}`;
  return block.exact
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

function blockHtml(block: Block): string {
  if ('say' in block) return `<p>${escapeHtml(block.say)}</p>`;
  if ('list' in block) return `<ul>${block.list.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  if ('link' in block) {
    return `<p>${escapeHtml(block.label)}<br><a href="${escapeHtml(block.link)}">${escapeHtml(block.link)}</a></p>`;
  }
  return `<pre style="white-space:pre-wrap;word-break:break-all">${escapeHtml(block.exact)}</pre>`;
}

/** Breaks at spaces only, so that an identifier or a link is never cut; an instant stays in one piece. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/\d{4}-\d\d-\d\d \d\d:\d\d UTC\S*|\S+/gu) ?? []) {
    if (line !== '' && line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
