/** Letters before they leave: the same words to the same people, and nothing happens. */
import { expect, test } from 'vitest';
import {
  aMatter,
  aPolicy,
  apply,
  aReceive,
  aReport,
  aReporter,
  decided,
  received,
} from '../../../test/support/desk-builders.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { hours } from '../../foundation/time/time.ts';
import { writeLetter } from '../../stages/outreach/letters/write.ts';
import { upcomingLetters } from './preview-letters.ts';

/** A desk that fails the test when anything is really done. */
function dryDesk(subscribers: number) {
  const never = (what: string) => () => {
    throw new Error(`a preview must not ${what}`);
  };
  const ids = Array.from({ length: subscribers }, (_, n) => `SUB-${n}`);
  return {
    policy: aPolicy,
    writeLetter,
    sender: { caOwner: 'Example CA', replyAddress: 'desk@ca.example', phone: null },
    mailDomain: 'ca.example',
    links: {
      status: () => 'https://ca.example/status/SECRET',
      action: () => 'https://ca.example/act/SECRET',
      proof: null,
    },
    inventoryReach: async () => ({ indexed: 4, issued: 4, untilAt: received }),
    messenger: { name: 'x', channel: 'mail', send: never('send'), close: never('close') },
    outbox: { sent: never('ask what was sent'), record: never('record') },
    followLetters: never('follow letters'),
    alarmPeople: never('alarm people'),
    book: { byFingerprints: async () => [] },
    directory: {
      bySubscriber: async (wanted: readonly string[]) =>
        wanted.map((subscriber) => ({ subscriber, addresses: [`${subscriber}@customer.example`], language: 'de' })),
    },
    sets: { bySubscriber: async () => new Map(ids.map((id) => [id, ['f1' as Fingerprint]])) },
  } as never;
}

const proven = () => decided(null, aReceive({ report: aReport({ reporter: aReporter() }), matters: [aMatter()] }));

test('shows each letter that will leave, in order of time, in the language of the addressee', async () => {
  const steps = await upcomingLetters(dryDesk(2), proven(), received);
  expect(steps.slice(0, 3).map((s) => [s.step, s.audience, s.at, s.count])).toEqual([
    ['acknowledge', 'reporter', null, 1],
    ['report-to-reporter', 'reporter', null, 1],
    ['notice', 'subscriber', null, 2],
  ]);
  expect(steps[2]?.letters.map((l) => [l.to, l.language])).toEqual([
    ['SUB-0@customer.example', 'de'],
    ['SUB-1@customer.example', 'de'],
  ]);
  for (const letter of steps.flatMap((s) => s.letters)) expect(letter.text.length).toBeGreaterThan(100);
});

test('has no link with which a reader could act as the addressee', async () => {
  const steps = await upcomingLetters(dryDesk(1), proven(), received);
  expect(JSON.stringify(steps)).not.toContain('SECRET');
  expect(JSON.stringify(steps)).toContain('personal link');
});

test('of a mass revocation writes out the first letters and counts the others', async () => {
  const notice = (await upcomingLetters(dryDesk(5_000), proven(), received)).find((s) => s.step === 'notice');
  expect(notice?.count).toBe(5_000);
  expect(notice?.letters).toHaveLength(20);
});

test('of a case that is over is empty', async () => {
  const closed = apply(proven(), [{ type: 'CaseClosed', at: received, by: 'desk', because: 'done' }]);
  expect(await upcomingLetters(dryDesk(1), closed, received.add(hours(1)))).toEqual([]);
});
