/**
 * The keyboard. One listener for the whole page; screens register what they offer, and the help page lists exactly
 * that. No single key ever revokes or sends.
 */
import { useEffect, useRef } from 'react';

export interface KeyAct {
  /** `j`, `Enter`, `g n` (one after the other), `mod+k`. */
  readonly keys: string;
  readonly words: string;
  readonly act: () => void;
}

const registered = new Map<symbol, () => readonly KeyAct[]>();
let first: string | null = null;
let firstTimer: ReturnType<typeof setTimeout> | null = null;

export function useKeys(acts: readonly KeyAct[]): void {
  const latest = useRef(acts);
  latest.current = acts;
  useEffect(() => {
    const id = Symbol('keys');
    registered.set(id, () => latest.current);
    return () => {
      registered.delete(id);
    };
  }, []);
}

export function offeredKeys(): readonly KeyAct[] {
  return [...registered.values()].flatMap((read) => read());
}

export function listenForKeys(): () => void {
  const listen = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const writing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    const mod = event.ctrlKey || event.metaKey;
    const name = mod ? `mod+${event.key.toLowerCase()}` : event.key;
    if ((writing && !mod) || event.altKey) return;
    // A dialog has the keyboard to itself.
    if (!mod && document.querySelector('[role="dialog"]') !== null) return;
    const spoken = first === null ? name : `${first} ${name}`;
    // The screen registered last is on top.
    const found = [...registered.values()]
      .reverse()
      .flatMap((read) => read())
      .find((a) => a.keys === spoken);
    if (firstTimer !== null) clearTimeout(firstTimer);
    const opens = first === null && offeredKeys().some((a) => a.keys.startsWith(`${name} `));
    first = found === undefined && opens ? name : null;
    if (first !== null) firstTimer = setTimeout(() => (first = null), 1200);
    if (found === undefined) return;
    // Enter on a link or a button is the browser's business.
    if (name === 'Enter' && /^(A|BUTTON)$/.test(target.tagName)) return;
    event.preventDefault();
    found.act();
  };
  window.addEventListener('keydown', listen);
  return () => window.removeEventListener('keydown', listen);
}
