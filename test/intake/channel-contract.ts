/** What every channel promises (`src/stages/intake/channel.ts`), whatever it speaks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Listening } from '../../src/stages/intake/channel.ts';
import { aDesk, type Desk } from './channel-harness.ts';

export interface ChannelSubject {
  readonly name: string;
  readonly skip?: string | false;
  /** Starts the channel against this desk. */
  open(desk: Desk): Promise<OpenedSubject>;
}

export interface OpenedSubject {
  readonly listening: Listening;
  /**
   * Brings one report in. `taken`: the sender was told that it is there; `left`: it keeps it and comes again. The same
   * `id` is the same thing at the source, whatever its text.
   */
  deliver(id: string, text: string): Promise<'taken' | 'left'>;
  close(): Promise<void>;
}

export function channelContract(subject: ChannelSubject): void {
  describe.skipIf(subject.skip !== undefined && subject.skip !== false)(
    `the ${subject.name} channel${subject.skip ? ` (skipped: ${subject.skip})` : ''}`,
    () => {
      let desk: Desk;
      let opened: OpenedSubject;
      beforeEach(async () => {
        desk = await aDesk();
        opened = await subject.open(desk);
      });
      afterEach(async () => {
        await opened.close();
      });

      it('has stored what it says it has taken, sealed, with an acceptance mark of its own', async () => {
        expect(await opened.deliver('1', 'the first report')).toBe('taken');
        const [receipt] = await desk.receipts();
        expect(receipt!.state).toBe('new');
        expect(receipt!.marks[0]!.trusted).toBe(true);
        expect(receipt!.marks[0]!.at.toString()).toBe(receipt!.acceptedAt.toString());
        expect(Buffer.from((await desk.ledger.sealed(receipt!.id))!).toString('latin1')).toMatch(
          /^age-encryption\.org\/v1/,
        );
        expect(await said(desk, 'the first report')).toBe(1);
      });

      it.each(['down', 'full'] as const)(
        'leaves it with the sender while the store is %s, and takes it afterwards',
        async (how) => {
          desk.store = how;
          expect(await opened.deliver('1', 'a report in hard times')).toBe('left');
          expect(await desk.receipts()).toHaveLength(0);
          desk.store = 'up';
          expect(await opened.deliver('1', 'a report in hard times')).toBe('taken');
          expect(await desk.receipts()).toHaveLength(1);
        },
      );

      it('makes one receipt when it was stored and the answer was lost', async () => {
        desk.store = 'silent';
        expect(await opened.deliver('1', 'stored without an answer')).toBe('left');
        desk.store = 'up';
        expect(await opened.deliver('1', 'stored without an answer')).toBe('taken');
        expect(await desk.receipts()).toHaveLength(1);
      });

      it('makes one receipt of the same thing delivered twice, and two of two things', async () => {
        await opened.deliver('1', 'same words');
        await opened.deliver('1', 'same words');
        expect(await desk.receipts()).toHaveLength(1);
        await opened.deliver('2', 'other words');
        expect(await desk.receipts()).toHaveLength(2);
      });

      it('keeps every one of many', async () => {
        for (let n = 0; n < 25; n++) expect(await opened.deliver(`many-${n}`, `report number ${n}`)).toBe('taken');
        expect(await desk.receipts()).toHaveLength(25);
        expect(new Set((await desk.receipts()).map((receipt) => receipt.sha256)).size).toBe(25);
        expect(await desk.ledger.differences()).toEqual([]);
      });
    },
  );
}

async function said(desk: Desk, text: string): Promise<number> {
  const base64 = Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -2);
  return (await desk.contents()).filter((content) => content.includes(text) || content.includes(base64)).length;
}
