/**
 * What every messenger has to keep, tried against a real receiver on the own machine. For the outside call: it worked;
 * it failed; it failed but happened anyway.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Messenger, Outgoing } from './messenger.ts';

/** How the receiver behaves. `lost`: it takes the letter and the connection breaks before it can say so. */
export type Behaviour = 'accept' | 'refuse' | 'later' | 'lost' | 'absent';

export interface Receiver {
  readonly messenger: Messenger;
  readonly to: string;
  behave(behaviour: Behaviour): Promise<void>;
  /** What it has taken, in order: the id by which a reader would know the letter, and its text. */
  taken(): readonly { readonly id: string; readonly text: string }[];
  stop(): Promise<void>;
}

export function aLetter(to: string, letterId: string, more: Partial<Outgoing> = {}): Outgoing {
  return {
    letterId,
    to,
    subject: `Letter ${letterId}`,
    text: `Text of ${letterId}`,
    html: null,
    language: 'en',
    automatic: 'no',
    inReplyTo: null,
    references: [],
    ...more,
  };
}

export function messengerContract(name: string, make: () => Promise<Receiver>): void {
  describe(`the messenger ${name}`, () => {
    let receiver: Receiver;
    beforeEach(async () => {
      receiver = await make();
    });
    afterEach(async () => {
      await receiver.messenger.close();
      await receiver.stop();
    });
    const send = (...letters: Outgoing[]) => receiver.messenger.send(letters);

    it('says accepted when the receiver has taken the letter', async () => {
      const [outcome] = await send(aLetter(receiver.to, 'one'));
      expect(outcome?.outcome).toBe('accepted');
      expect(receiver.taken()).toHaveLength(1);
      expect(receiver.taken()[0]?.text).toContain('Text of one');
    });

    it('says refused when the receiver says never', async () => {
      await receiver.behave('refuse');
      const [outcome] = await send(aLetter(receiver.to, 'one'));
      expect(outcome?.outcome).toBe('refused');
      expect(receiver.taken()).toHaveLength(0);
    });

    it('says retry when the receiver says later, and when nobody is there', async () => {
      await receiver.behave('later');
      expect((await send(aLetter(receiver.to, 'one')))[0]?.outcome).toBe('retry');
      await receiver.behave('absent');
      expect((await send(aLetter(receiver.to, 'one')))[0]?.outcome).toBe('retry');
      expect(receiver.taken()).toHaveLength(0);
    });

    it('says unknown when it failed but happened, and the second try is the same letter', async () => {
      await receiver.behave('lost');
      expect((await send(aLetter(receiver.to, 'one')))[0]?.outcome).toBe('unknown');
      await receiver.behave('accept');
      expect((await send(aLetter(receiver.to, 'one')))[0]?.outcome).toBe('accepted');
      const ids = receiver.taken().map((letter) => letter.id);
      expect(ids.length).toBeGreaterThanOrEqual(2);
      expect(new Set(ids).size).toBe(1);
    });

    it('keeps the order of outcomes, and one bad letter spoils no other', async () => {
      const letters = Array.from({ length: 40 }, (_, n) => aLetter(n === 17 ? 'no such place' : receiver.to, `n${n}`));
      const outcomes = await send(...letters);
      expect(outcomes.map((o) => o.outcome)).toEqual(letters.map((_, n) => (n === 17 ? 'refused' : 'accepted')));
      expect(receiver.taken()).toHaveLength(39);
    });

    it('sends nothing once it was told to stop', async () => {
      const outcomes = await receiver.messenger.send([aLetter(receiver.to, 'one')], AbortSignal.abort());
      expect(outcomes[0]?.outcome).toBe('retry');
      expect(receiver.taken()).toHaveLength(0);
    });

    it('answers an empty list with an empty list', async () => {
      expect(await send()).toEqual([]);
    });
  });
}
