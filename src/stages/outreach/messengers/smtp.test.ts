import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { authenticate } from 'mailauth';
import { expect, it } from 'vitest';
import { oneLine } from '../../../foundation/text.ts';
import { aLetter, messengerContract } from '../messenger.contract.ts';
import { messageIdOf } from '../messenger.ts';
import { isMailAddress, type SmtpSettings, smtpDefaults, smtpMessenger } from './smtp.ts';
import { smtpSink } from './smtp-sink.ts';

const settingsFor = (port: number): SmtpSettings => ({
  ...smtpDefaults,
  requireTls: false,
  connectionsMax: 3,
  host: '127.0.0.1',
  port,
  from: { name: 'Example CA', address: 'problem-reporting@ca.example' },
  bounceAddress: 'bounces@ca.example',
  messageIdDomain: 'ca.example',
});

const headerOf = (raw: string, name: string): string[] => {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
};

async function sent(more: Parameters<typeof aLetter>[2]): Promise<{ raw: string; sender: string }> {
  const sink = await smtpSink();
  const messenger = smtpMessenger(settingsFor(sink.port));
  const [outcome] = await messenger.send([aLetter('reporter@keywatch.example', 'a', more)]);
  await messenger.close();
  await sink.stop();
  expect(outcome?.outcome).toBe('accepted');
  return { raw: sink.messages[0] ?? '', sender: sink.senders[0] ?? '' };
}

messengerContract('smtp', async () => {
  const sink = await smtpSink();
  return {
    messenger: smtpMessenger(settingsFor(sink.port)),
    to: 'reporter@keywatch.example',
    behave: sink.behave,
    taken: () =>
      sink.messages.map((raw) => ({
        id: headerOf(raw, 'Message-ID')[0] ?? '',
        text: raw.slice(raw.indexOf('\r\n\r\n')),
      })),
    stop: sink.stop,
  };
});

it('a letter’s Message-ID comes from its id and from nothing else', async () => {
  const { raw } = await sent({});
  expect(headerOf(raw, 'Message-ID')).toEqual([messageIdOf('a', 'ca.example')]);
});

it('an answer stands in the reporter’s thread', async () => {
  const references = ['<root@r.example>', '<report@r.example>'];
  const { raw } = await sent({ inReplyTo: '<report@r.example>', references });
  expect(headerOf(raw, 'In-Reply-To')).toEqual(['<report@r.example>']);
  expect(headerOf(raw, 'References')).toEqual(['<root@r.example> <report@r.example>']);
});

it('says where the answer is to go, and nothing where that is more than one address', async () => {
  const { raw } = await sent({ replyTo: 'reports+abc@ca.example' });
  expect(headerOf(raw, 'Reply-To')[0]).toMatch(/<reports\+abc@ca\.example>$/);
  expect(headerOf((await sent({})).raw, 'Reply-To')).toEqual([]);
  for (const replyTo of ['a@b.example\r\nBcc: x@y.example', 'a@b.example, x@y.example', 'A <a@b.example>', '']) {
    const { raw: other } = await sent({ replyTo });
    expect(headerOf(other, 'Reply-To')).toEqual([]);
    expect(headerOf(other, 'Bcc')).toEqual([]);
  }
});

it('an automatic acknowledgement says so and has no return path to answer to; a report with findings has one', async () => {
  const automatic = await sent({ automatic: 'auto-replied' });
  expect(headerOf(automatic.raw, 'Auto-Submitted')).toEqual(['auto-replied']);
  expect(automatic.sender).toBe('');
  const report = await sent({});
  expect(headerOf(report.raw, 'Auto-Submitted')).toEqual([]);
  expect(report.sender).toBe('bounces@ca.example');
});

it('no text of a reporter becomes a header', async () => {
  const { raw } = await sent({
    subject: 'Re: key\r\nBcc: everyone@elsewhere.example\n\n<script>',
    inReplyTo: '<a@b>\r\nBcc: x@y.example',
    references: ['<ok@r.example>', '<bad\r\nBcc: x@y.example>'],
    language: 'en\r\nBcc: z@y.example',
    enclosed: [{ fileName: 'a\r\nX-Bad: 1.csv', mediaType: 'text/csv', content: 'serial' }],
  });
  expect(headerOf(raw, 'Bcc')).toEqual([]);
  expect(raw).not.toMatch(/^X-Bad:/m);
  expect(headerOf(raw, 'In-Reply-To')).toEqual([]);
  expect(headerOf(raw, 'References')).toEqual(['<ok@r.example>']);
  expect(headerOf(raw, 'Subject')[0]).toContain('Bcc: everyone');
});

it('a header value is one bounded line, whatever is put in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 100 }), (text, max) => {
      const line = oneLine(text, max);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
      expect([...line].length).toBeLessThanOrEqual(max);
    }),
  );
});

it.each([
  ['a@b.example', true],
  ['ünal@örnek.example', true],
  ['a@b.example, c@d.example', false],
  ['A <a@b.example>', false],
  ['a@b.example\r\nRCPT TO:<c@d>', false],
  ['', false],
])('%j is one mail address: %s', (text, expected) => {
  expect(isMailAddress(text)).toBe(expected);
});

it('many letters go over few connections and each is answered for', async () => {
  const sink = await smtpSink();
  const messenger = smtpMessenger(settingsFor(sink.port));
  const letters = Array.from({ length: 1_500 }, (_, n) => aLetter(`s${n}@subscriber.example`, `letter-${n}`));
  const outcomes = await messenger.send(letters);
  await messenger.close();
  await sink.stop();
  expect(outcomes.every((o) => o.outcome === 'accepted')).toBe(true);
  expect(new Set(sink.messages.map((raw) => headerOf(raw, 'Message-ID')[0])).size).toBe(1_500);
});

it('a letter is signed so that the reader’s server can tell it from a forgery', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const sink = await smtpSink();
  const messenger = smtpMessenger({
    ...settingsFor(sink.port),
    dkim: { domain: 'ca.example', selector: 'desk', privateKey: key },
  });
  await messenger.send([aLetter('reporter@keywatch.example', 'signed')]);
  await messenger.close();
  await sink.stop();
  const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
  const resolver = async (name: string, type: string) => {
    if (name === 'desk._domainkey.ca.example' && type === 'TXT') return [[record]];
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  };
  const verdict = async (raw: string) => {
    const { dkim } = await authenticate(Buffer.from(raw), {
      ip: '127.0.0.1',
      helo: 'x',
      sender: 'bounces@ca.example',
      resolver,
    } as never);
    return dkim.results.map((r: { status: { result: string } }) => r.status.result);
  };
  const raw = sink.messages[0] ?? '';
  expect(await verdict(raw)).toEqual(['pass']);
  expect(await verdict(raw.replace('Text of signed', 'Text of nobody'))).not.toContain('pass');
});
