/**
 * Undo by waiting: an internal act is kept back for a few seconds and can be taken back (U); then it is sent. If the
 * page goes away meanwhile it is sent at once; if the machine dies, the item is simply still in the inbox.
 */
import { useSyncExternalStore } from 'react';
import { useKeys } from './keys.ts';

const keptBackMs = 10_000;

interface Pending {
  readonly id: number;
  readonly words: string;
  readonly send: (leaving: boolean) => Promise<unknown>;
  readonly undo: () => void;
  readonly timer: ReturnType<typeof setTimeout>;
}
interface Shown {
  readonly id: number;
  readonly words: string;
  readonly kind: 'pending' | 'done' | 'problem';
}

let shown: readonly Shown[] = [];
let pending: Pending[] = [];
let count = 0;
const readers = new Set<() => void>();

function show(next: readonly Shown[]): void {
  shown = next;
  for (const read of readers) read();
}

export function tell(words: string, kind: 'done' | 'problem' = 'done'): void {
  const id = ++count;
  show([...shown, { id, words, kind }].slice(-4));
  setTimeout(() => show(shown.filter((s) => s.id !== id)), kind === 'problem' ? 15_000 : 5000);
}

export function actWithUndo(words: string, send: (leaving: boolean) => Promise<unknown>, undo: () => void): void {
  const id = ++count;
  const timer = setTimeout(() => void release(id, false), keptBackMs);
  pending.push({ id, words, send, undo, timer });
  show([...shown, { id, words, kind: 'pending' as const }].slice(-4));
}

async function release(id: number, leaving: boolean): Promise<void> {
  const found = pending.find((p) => p.id === id);
  if (found === undefined) return;
  clearTimeout(found.timer);
  pending = pending.filter((p) => p !== found);
  show(shown.filter((s) => s.id !== id));
  try {
    await found.send(leaving);
  } catch (error) {
    found.undo();
    tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
  }
}

export function undoLast(): void {
  const last = pending.pop();
  if (last === undefined) return;
  clearTimeout(last.timer);
  show(shown.filter((s) => s.id !== last.id));
  last.undo();
  tell('Taken back. Nothing was sent.');
}

window.addEventListener('pagehide', () => {
  for (const p of [...pending]) void release(p.id, true);
});

export function Notices() {
  const notices = useSyncExternalStore(
    (read) => {
      readers.add(read);
      return () => readers.delete(read);
    },
    () => shown,
  );
  useKeys([{ keys: 'u', words: 'Undo the last act', act: undoLast }]);
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} className={`notice ${n.kind}`}>
          <span>{n.words}</span>
          {n.kind === 'pending' && (
            <button type="button" className="button bare" onClick={undoLast}>
              Undo <kbd>U</kbd>
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
