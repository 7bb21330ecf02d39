import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Triage } from '../../desk/facts.ts';
import { replay } from './rules-lab.ts';
import { aMessage, noObjects } from './testing.ts';
import { defaultThresholds } from './thresholds.ts';
import { triage } from './triage.ts';

const judged = async (text: string, subject = '') => triage(await aMessage({ subject, text }), noObjects);

describe('what a message is about', () => {
  it.each([
    [
      'key-compromise',
      24,
      'TLS-03',
      'The private key of pay.client.example is public on a code host, please revoke the certificate you issued.',
    ],
    [
      'weak-key',
      24,
      'TLS-04',
      'The RSA key in your certificate is on the Debian weak key list, anyone can compute the private key.',
    ],
    [
      'domain-control',
      24,
      'TLS-05',
      'Certificates that relied on this path are not validly checked. The affected population is attached; treat this as failed domain validation.',
    ],
    [
      'misuse',
      120,
      'TLS-07',
      'The site pay.client.example is phishing our bank customers, with a certificate from you.',
    ],
    [
      'subscriber-request',
      24,
      'TLS-01',
      'Please revoke our certificate for old.client.example, the server is gone and we no longer need it.',
    ],
  ] as const)('%s is due in %s hours under %s', async (label, hours, trigger, text) => {
    expect(await judged(text)).toMatchObject({ label, deadlineHours: hours, trigger, action: 'open-case' });
  });

  it('an invoice is ordinary mail and goes nowhere', async () => {
    const verdict = await judged(
      'Please send us the invoice for last month again, our VAT number is missing.',
      'Invoice',
    );
    expect(verdict).toMatchObject({ label: 'not-a-report', action: 'file', deadlineHours: null, route: null });
  });

  it('a private key in the message is key compromise, whatever is written around it', async () => {
    const message = await aMessage({ subject: 'install help', text: 'how do I install this?' });
    const verdict = triage(message, { objects: { ...noObjects.objects!, hasPrivateKey: true } });
    expect(verdict).toMatchObject({ label: 'key-compromise', deadlineHours: 24, action: 'open-case' });
  });
});

describe('what is never filed', () => {
  it('evidence', async () => {
    const text = 'Which intermediate belongs to https://crt.sh/?id=99301609799 ? Thanks';
    const verdict = await judged(text, 'chain');
    expect(verdict.artifacts.crtshIds).toEqual(['99301609799']);
    expect(verdict.action).not.toBe('file');
    // The twin without evidence is filed, so the evidence made the difference.
    expect((await judged('Which intermediate belongs to our certificate? Thanks', 'chain')).action).toBe('file');
  });

  it('a language that triage does not know', async () => {
    const verdict = await judged(
      'Tisztelt Hölgyem vagy Uram, kérem szíveskedjenek elküldeni nekem a legutóbbi számlát, mert nem érkezett meg hozzánk a múlt héten.',
    );
    expect(verdict.language).toBe('hu');
    expect(verdict.action).toBe('human-review');
  });

  it('a court order against a revocation', async () => {
    const verdict = await judged(
      'Order granted: the CA is prohibited from revoking the certificates of the plaintiff for seven days.',
    );
    expect(verdict.action).not.toBe('file');
  });

  it('a name of ours', async () => {
    const message = await aMessage({
      text: 'Our certificate for www.client.example expires soon, please renew, thanks.',
    });
    expect(triage(message, noObjects).action).toBe('file');
    expect(triage(message, { ...noObjects, ownDomains: (name) => name === 'www.client.example' }).action).toBe(
      'human-review',
    );
  });
});

describe('what a verdict does not depend on', () => {
  it('renaming every host, address and file leaves label, action and score unchanged', async () => {
    const text = (host: string, file: string) =>
      `Hi, the private key of www.${host} is at https://www.${host}/${file}, ask admin@${host}. Please revoke.`;
    const verdicts: Triage[] = [];
    for (const [host, file] of [
      ['library.example', 'backup/a.key'],
      ['phishing-bank-revoke.test', 'x/urgent-leak.key'],
      ['xn--bcher-kva.example', 'k.key'],
    ] as const) {
      verdicts.push(
        triage(
          await aMessage({ text: text(host, file), from: `who@${host}`, head: `Message-ID: <1@${host}>\r\n` }),
          noObjects,
        ),
      );
    }
    for (const { label, action, score } of verdicts) {
      expect({ label, action, score }).toEqual({
        label: verdicts[0]!.label,
        action: verdicts[0]!.action,
        score: verdicts[0]!.score,
      });
    }
  });

  it('the same message gives the same verdict again', async () => {
    const text = 'Someone broke into our server, the certificate key is stolen.';
    expect(await judged(text)).toEqual(await judged(text));
  });
});

it('reasons never hold key material', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const secret = pem.split('\n')[1]!;
  const verdict = triage(await aMessage({ text: `The private key is public:\n${pem}\nand again ${secret}` }), {
    objects: null,
  });
  expect(verdict.artifacts.hasPrivateKey).toBe(true);
  expect(verdict.because.length).toBeGreaterThan(0);
  for (let at = 0; at + 16 <= secret.length; at += 8)
    expect(JSON.stringify(verdict)).not.toContain(secret.slice(at, at + 16));
});

it('the rules lab shows the verdicts that a stricter threshold moves', async () => {
  const corpus = [
    { name: 'leak', read: await aMessage({ text: 'The private key of our certificate is public, please revoke.' }) },
    { name: 'invoice', read: await aMessage({ text: 'Please send the invoice again.' }) },
  ];
  const moved = replay(
    corpus,
    (message) => triage(message, noObjects),
    (message) => triage(message, { ...noObjects, thresholds: { ...defaultThresholds, openFrom: 1.01 } }),
  );
  expect(moved.map((one) => [one.name, one.after.action, one.weaker])).toEqual([['leak', 'human-review', true]]);
});
