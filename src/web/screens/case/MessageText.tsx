import './message.css';
import { useState } from 'react';
import type { Message } from '../../../api/contract/index.ts';

const roleWords: Record<Message['blocks'][number]['role'], string> = {
  own: '',
  quoted: 'quoted',
  forwarded: 'forwarded',
  signature: 'signature',
  machine: 'written by a machine',
  attachment: 'attachment',
};

/** Text with what was found in it marked. The HTML part is shown only on request, in a frame that can do nothing. */
export function MessageText({ message }: { message: Message }) {
  const [html, setHtml] = useState(false);
  return (
    <div className="message">
      {message.problems.length > 0 && (
        <p className="strong">Could not be read in full: {message.problems.join(', ')}.</p>
      )}
      {message.blocks.map((b) => (
        <div key={`${b.path} ${b.role}`} className={`block ${b.role}`}>
          {roleWords[b.role] !== '' && <p className="small faint">{roleWords[b.role]}</p>}
          <Marked text={b.text} marks={b.marks} />
        </div>
      ))}
      {message.html !== null && (
        <button type="button" className="button" onClick={() => setHtml(!html)}>
          {html ? 'Hide' : 'Show'} the HTML part (inert, nothing is loaded)
        </button>
      )}
      {html && message.html !== null && (
        <iframe
          className="mail-frame"
          title="HTML part of the message, inert"
          sandbox=""
          srcDoc={inert(message.html)}
          referrerPolicy="no-referrer"
        />
      )}
    </div>
  );
}

/**
 * The frame has no rights (`sandbox=""`: no scripts, forms, navigation or origin) and its own policy loads nothing.
 * The page's policy stands above it, so neither alone has to be perfect.
 */
function inert(html: string): string {
  return `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><base target="_blank"><body>${html}`;
}

function Marked({ text, marks }: { text: string; marks: Message['blocks'][number]['marks'] }) {
  const parts: React.ReactNode[] = [];
  let at = 0;
  for (const m of [...marks].sort((a, b) => a.start - b.start)) {
    if (m.start < at || m.end > text.length) continue;
    parts.push(text.slice(at, m.start));
    parts.push(
      <mark key={m.start} title={m.kind}>
        {text.slice(m.start, m.end)}
        <span className="visually-hidden"> ({m.kind})</span>
      </mark>,
    );
    at = m.end;
  }
  parts.push(text.slice(at));
  return <pre>{parts}</pre>;
}
