/**
 * What time it is at the desk. The server says (in every answer and each tick); between two answers the page counts on
 * with its own stopwatch, never with the reader's wall clock, which may be wrong by years.
 */
import { useSyncExternalStore } from 'react';

let serverAt = 0;
let stopwatchAt = 0;
let shown = 0;
const readers = new Set<() => void>();

export function setServerNow(iso: string): void {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return;
  // Whole seconds come over the wire; half a second in is the best guess.
  const guess = ms + 500;
  if (serverAt !== 0 && Math.abs(guess - nowMs()) < 1500) return;
  serverAt = guess;
  stopwatchAt = performance.now();
  announce();
}

/** Milliseconds since the epoch at the desk; 0 before the first answer. */
export function nowMs(): number {
  return serverAt === 0 ? 0 : serverAt + (performance.now() - stopwatchAt);
}

function announce(): void {
  const second = Math.floor(nowMs() / 1000) * 1000;
  if (second === shown) return;
  shown = second;
  for (const read of readers) read();
}

setInterval(announce, 250);

function subscribe(read: () => void): () => void {
  readers.add(read);
  return () => readers.delete(read);
}

/** The desk's time to the second; whoever uses it is drawn again each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => shown);
}
