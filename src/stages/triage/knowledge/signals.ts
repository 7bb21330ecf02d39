/**
 * Signals: concepts that mean something only together, in one sentence, in one stretch of text, or in one message.
 * "Key" and "public" in one sentence is a leak; each alone is daily business. Every signal names the duty it points
 * at (TLS BR 4.9.1.1), which also makes the reason a person reads beside the verdict.
 */
import type { Label } from '../../../desk/facts.ts';
import type { Reading, ReadSentence } from './reading.ts';

export interface Signal {
  readonly name: string;
  /** Positive towards a report; orders the reasons that a person reads. */
  readonly weight: number;
  readonly label: Label | null;
  readonly hours: 24 | 120 | null;
  /** One concept of every group must be there. */
  readonly need: readonly (readonly string[])[];
  readonly scope: 'sentence' | 'paragraph' | 'message';
  /** Spoils the signal when found in the same scope. */
  readonly unless?: readonly string[];
}

export interface SignalFound {
  readonly signal: Signal;
  readonly excerpt: string;
  readonly zone: ReadSentence['zone'];
  /** Asked, denied or imagined rather than stated. */
  readonly tentative: boolean;
}

const key = ['PRIVKEY', 'SECRETS'];
const cert = ['CERT', 'ISSUER_YOU', 'CTLOG'];
const out = ['LEAK', 'PUBLICPLACE', 'STOLEN', 'HACKED', 'COMPROMISE', 'FORSALE', 'SECONDHAND', 'HASCOPY'];
const mine = ['DOMAINWORD', 'IWE'];

const define = (
  name: string,
  weight: number,
  label: Label | null,
  hours: 24 | 120 | null,
  scope: Signal['scope'],
  need: readonly (readonly string[])[],
  unless?: readonly string[],
): Signal => ({ name, weight, label, hours, scope, need, ...(unless ? { unless } : {}) });

export const signals: readonly Signal[] = [
  define('private key out of its owner’s hands', 3, 'key-compromise', 24, 'sentence', [key, out]),
  define('private key found or sent', 1.5, 'key-compromise', 24, 'sentence', [key, ['FOUND', 'SENT', 'MISTAKE']]),
  define('private key and its exposure in one stretch', 1.5, 'key-compromise', 24, 'paragraph', [key, out]),
  define('key known to somebody who left', 2, 'key-compromise', 24, 'paragraph', [
    ['PRIVKEY', 'KEY', 'PASSWORD', 'SECRETS'],
    ['EXPERSON'],
    ['HASCOPY', 'STOLEN', 'CONTRACTENDED'],
  ]),
  define(
    'server broken into, with a certificate on it',
    2,
    'key-compromise',
    24,
    'message',
    [
      ['HACKED', 'STOLEN'],
      ['CERT', 'PRIVKEY'],
    ],
    ['MARKETING', 'NEWSLETTER'],
  ),
  define('the same key in many places', 1.5, 'key-compromise', 24, 'paragraph', [['SAMEKEY'], ['PRIVKEY', 'KEY']]),
  define('proof of possession', 1.5, 'key-compromise', 24, 'message', [['PROOF'], ['PRIVKEY', 'KEY'], cert]),
  define('key that can be computed', 2.5, 'weak-key', 24, 'paragraph', [['WEAK'], ['PRIVKEY', 'KEY', 'CERT']]),
  define('key too small', 1.5, 'weak-key', 120, 'sentence', [['SMALLKEY'], ['CERT', 'KEY', 'PRIVKEY', 'LINT']]),
  define('certificate that its owner did not request', 3, 'misissuance', 24, 'paragraph', [
    ['NOTREQUESTED', 'NOTAUTHORISED'],
    [...cert, 'DOMAINWORD'],
  ]),
  define('domain validation not to be relied on', 2.5, 'domain-control', 24, 'paragraph', [
    ['HIJACK', 'BYPASS', 'CAAWORD'],
    ['VALIDATION', 'CERT', 'DNSWORD', 'CAAWORD'],
    [...cert, 'MISISSUE', 'DOMAINWORD'],
  ]),
  define('failed validation of issued certificates', 2, 'domain-control', 24, 'paragraph', [
    ['VALIDATION'],
    ['MISISSUE', 'BYPASS', 'COMPROMISE'],
    cert,
  ]),
  define('domain changed hands', 2, 'domain-control', 120, 'paragraph', [
    ['BOUGHTDOMAIN', 'LOSTDOMAIN', 'CONTRACTENDED'],
    [...cert],
  ]),
  define(
    'fraud behind a certificate',
    3,
    'misuse',
    120,
    'message',
    [['PHISH', 'VICTIM', 'MALWARE'], cert],
    ['NEWSLETTER', 'MARKETING'],
  ),
  define('fraud against people', 1, 'misuse', 120, 'paragraph', [
    ['PHISH', 'MALWARE'],
    ['BRANDVICTIM', 'VICTIM', 'DOMAINWORD'],
  ]),
  define('malware with a valid signature', 2, 'misuse', 24, 'message', [['MALWARE'], ['CODESIGN']]),
  define('revocation asked for', 2, 'subscriber-request', 24, 'sentence', [
    ['REVOKE'],
    ['WISH'],
    [...cert, 'ORDERNO', 'DOMAINWORD'],
  ]),
  define('revocation of something no longer used', 1.5, 'subscriber-request', 24, 'paragraph', [
    ['REVOKE'],
    ['NOLONGER', 'WRONGORDER', 'LOSTWORD'],
    [...cert, ...mine],
  ]),
  define('wrong information in a certificate', 2, 'wrong-information', 120, 'paragraph', [
    ['ORGINFO'],
    ['WRONGINFO', 'RENAMED'],
    cert,
  ]),
  define('certificate against the rules', 2.5, 'misissuance', 120, 'paragraph', [
    ['LINT', 'BRREF', 'ORGINFO'],
    ['MISISSUE', 'BYPASS', 'WRONGINFO'],
    cert,
  ]),
  define('lint finding', 1.5, 'misissuance', 120, 'message', [['LINT'], cert, ['FOUND', 'BRREF', 'TELLINGYOU']]),
  define('status service says something wrong', 2, 'ca-noncompliance', 120, 'paragraph', [
    ['CRLOCSP'],
    ['STALE'],
    ['BRREF', 'TELLINGYOU', 'FOUND'],
  ]),
  define('reports do not reach the CA', 1.5, 'ca-noncompliance', null, 'paragraph', [
    ['CONTACTBOUNCE'],
    ['BRREF', 'TELLINGYOU', 'NORESPONSE'],
  ]),
  define('an earlier report without an answer', 1.5, 'other-problem', 24, 'message', [
    ['NORESPONSE'],
    ['REVOKE', 'COMPROMISE', 'LEAK', 'STALE', 'PHISH'],
  ]),
  define('wants a safe way to tell something', 1.5, 'other-problem', 24, 'message', [
    ['SECURELY'],
    ['CERT', 'PRIVKEY', 'ISSUER_YOU', 'COMPROMISE'],
  ]),
  define('calls itself a problem report', 2, 'other-problem', 24, 'message', [['BRREF'], ['TELLINGYOU', 'WISH'], cert]),

  define('invoice and payment', -1.5, null, null, 'message', [['INVOICE', 'PAYMENT', 'REFUND']]),
  define('renewal', -1, null, null, 'message', [['RENEWAL']]),
  define('prices and offers', -1.2, null, null, 'message', [['PRICE']]),
  define('state of an order', -1, null, null, 'message', [['ORDERSTATUS']]),
  define('installation', -1.2, null, null, 'message', [['INSTALL', 'CHAIN', 'KEYMISMATCH']]),
  define('validation that does not finish', -1.5, null, null, 'message', [['DCVTROUBLE']]),
  define('access to the portal', -1.2, null, null, 'message', [['LOGIN']]),
  define('how-to question', -1.2, null, null, 'sentence', [['HOWTO'], ['QUESTION', 'HOWTO']]),
  define('newsletter', -2.5, null, null, 'message', [['NEWSLETTER']]),
  define('event', -2, null, null, 'message', [['EVENT']]),
  define('marketing', -1.5, null, null, 'message', [['MARKETING', 'SALESPITCH']]),
  define('job application', -2, null, null, 'message', [['JOB']]),
  define('calendar', -1, null, null, 'message', [['CALENDAR']]),
  define('absence notice', -2.5, null, null, 'message', [['OUTOFOFFICE']]),
  define('automatic acknowledgement', -1, null, null, 'message', [['AUTOACK']]),
  define('thanks, it works', -1.5, null, null, 'message', [['THANKS']]),
  define('survey', -1.5, null, null, 'message', [['SURVEY']]),
  define('auditor’s request', -1.5, null, null, 'message', [['AUDIT']]),
  define('news about another CA', -1.5, null, null, 'message', [['OTHERCA']]),
  define('exercise', -2, null, null, 'message', [['EXERCISE']]),
  define('imagined case', -1.5, null, null, 'message', [['HYPOTHETICAL']]),
  define('nothing open any more', -1.2, null, null, 'message', [['RESOLVED']]),
  define('key lost but not exposed', -1.5, null, null, 'message', [['NOTEXPOSED']]),
  define('another kind of certificate', -2.5, null, null, 'message', [['OTHERCERTS']]),
  define('a key of metal', -2.5, null, null, 'message', [['PHYSICALKEY']]),
  define('spam', -1.5, null, null, 'message', [['SCAMSPAM', 'CRYPTOWALLET']]),
  define('mail transport', -1, null, null, 'message', [['TRANSPORT']]),
  define('monitoring', -1, null, null, 'message', [['MONITOR']]),
  define('personal data', -1.5, null, null, 'message', [['GDPR']]),
];

/** Every signal of a message once, at the first place where it stands. Own words are looked at before quoted ones. */
export function findSignals(reading: Reading): SignalFound[] {
  const found: SignalFound[] = [];
  const stretches = stretchesOf(reading.sentences);
  for (const signal of signals) {
    for (const stretch of signal.scope === 'message'
      ? [reading.sentences]
      : signal.scope === 'paragraph'
        ? stretches
        : reading.sentences.map((one) => [one])) {
      const hit = matchIn(signal, stretch);
      if (hit === null) continue;
      found.push(hit);
      break;
    }
  }
  return found;
}

/** A paragraph with the one before it: people break lines where they breathe, not where a thought ends. */
function stretchesOf(sentences: readonly ReadSentence[]): ReadSentence[][] {
  const paragraphs = new Map<number, ReadSentence[]>();
  for (const sentence of sentences)
    paragraphs.set(sentence.paragraph, [...(paragraphs.get(sentence.paragraph) ?? []), sentence]);
  const list = [...paragraphs.values()];
  return list.map((paragraph, index) => [...(list[index - 1] ?? []), ...paragraph]);
}

function matchIn(signal: Signal, stretch: readonly ReadSentence[]): SignalFound | null {
  const present = (concept: string) => stretch.some((one) => one.concepts.has(concept));
  if (!signal.need.every((group) => group.some(present))) return null;
  if (signal.unless?.some(present)) return null;
  const wanted = new Set(signal.need[0]);
  const first = stretch.find((one) => [...wanted].some((concept) => one.concepts.has(concept)))!;
  const denied =
    signal.weight > 0 && [...wanted].filter((c) => first.concepts.has(c)).every((c) => first.denied.has(c));
  return { signal, zone: first.zone, excerpt: first.text, tentative: denied || first.hypothetical };
}
