/** The browser tab says how long is left on the nearest deadline, in words and as a dial. */
import { useEffect } from 'react';
import type { BoardRow } from '../../api/contract/index.ts';
import { shareLeft, span, urgencyOf } from '../instrument/time.ts';
import { useNow } from '../link/server-time.ts';

const colours = {
  calm: '#15171b',
  half: '#0b5cad',
  low: '#8a5300',
  last: '#b3141d',
  missed: '#b3141d',
  none: '#646a75',
};

export function useTabSign(nearest: BoardRow | undefined): void {
  const now = useNow();
  const clock = nearest?.clocks[0];
  const dueAt = clock?.dueAt ?? null;
  const left = dueAt === null || now === 0 ? null : Date.parse(dueAt) - now;
  const urgency = clock === undefined ? 'none' : urgencyOf(clock.startAt, dueAt, now);
  const twelfths =
    clock === undefined || dueAt === null ? 12 : Math.ceil(Math.max(0, shareLeft(clock.startAt, dueAt, now)) * 12);
  useEffect(() => {
    document.title = left === null ? 'Rescind' : `${span(left)} · Rescind`;
  }, [left]);
  useEffect(() => {
    const colour = colours[urgency];
    const angle = (Math.min(11.99, twelfths) / 12) * 2 * Math.PI;
    const sector = `M8 8V3A5 5 0 ${twelfths > 6 ? 1 : 0} 0 ${8 - 5 * Math.sin(angle)} ${8 - 5 * Math.cos(angle)}z`;
    const face =
      urgency === 'missed'
        ? `<rect width="16" height="16" fill="${colour}"/><path d="M8 3v6M8 11v2" stroke="#fff" stroke-width="2.4"/>`
        : `<circle cx="8" cy="8" r="6.6" fill="#fff" stroke="${colour}" stroke-width="2"/><path d="${sector}" fill="${colour}"/>`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${face}</svg>`;
    document.querySelector('link[rel="icon"]')?.setAttribute('href', `data:image/svg+xml,${encodeURIComponent(svg)}`);
  }, [urgency, twelfths]);
}
