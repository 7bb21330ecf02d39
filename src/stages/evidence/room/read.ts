/**
 * What happens inside the reading room with one report: open the seal, read the message, unpack, find, ask which
 * certificates are concerned, prove, redact. Runs in a child process (child.ts), or in this one for tests and for the
 * command line, where the key belongs to the person at the keyboard.
 */
import { randomBytes } from 'node:crypto';
import { Budget } from '../../../foundation/containers/limits.ts';
// Not by the index: the packers beside it load a library that every child would pay for.
import { unpack } from '../../../foundation/containers/unpack.ts';
import type { Message, TextBlock } from '../../../foundation/mail/message.ts';
import { parseCsr } from '../../../foundation/pki/csr.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { type Certificate, parseCertificate } from '../../../foundation/pki/x509.ts';
import { extractFromBytes, extractFromText } from '../extract/extract.ts';
import type { Found } from '../extract/found.ts';
import { type EvidencePolicy, evidencePolicy } from '../policy.ts';
import { Ahead } from '../prove/ahead.ts';
import { hashesOf, inventoryOf, type JudgeContext } from '../prove/context.ts';
import { csrHashes, type Judged, judge, judgeRaw, publicKeysOf, type Seen } from '../prove/judge.ts';
import { spkiHashIn } from '../prove/signed.ts';
import type { KeyList } from '../weak/lists.ts';
import { checkSharedPrimes } from '../weak/shared-primes.ts';
import { openSeal } from './open-seal.ts';
import { passphrasesIn, Tries } from './passphrases.ts';
import { isSecret, redactBlocks, redactDeep, redactText } from './redact.ts';
import type { RoomAnswer, RoomInput, RoomQuestion, RoomReading } from './wire.ts';

/** Attachments that hold no secret go on with the message up to this size; larger ones are listed without bytes. */
const ATTACHMENT_BYTES_KEPT_MAX = 32 * 1024 * 1024;
/** Text found in archives and documents that goes on to triage. */
const MEMBER_TEXT_CHARACTERS_MAX = 256 * 1024;
const MEMBER_TEXTS_MAX = 200;
/** RSA-8192 signatures are 1 KiB; base64 adds a third. */
const RAW_SIGNATURE_BYTES_MAX = 1_500;
const RAW_SIGNATURES_MAX = 20;
const ITEMS_MAX = 20_000;
const HASHES_MAX = 100_000;
const NONCE_BYTES = 32;

export interface OpenReport {
  readonly question: RoomQuestion;
  readonly sawPrivateKey: boolean;
  /** What needs no answer: worth doing while the desk makes one. */
  readonly ahead: () => void;
  readonly judge: (answer: RoomAnswer) => Promise<RoomReading>;
}

export interface ReadOptions {
  readonly policy?: EvidencePolicy;
  /** Lists are public and large: in the desk they are asked outside the room, on the command line inside. */
  readonly lists?: readonly KeyList[];
  /** False when nobody says that the keys are compromised (`evidence check`). */
  readonly claimed?: boolean;
  /** Compare the moduli of this report with each other. */
  readonly sharedPrimes?: boolean;
}

/** Throws Error with a `code` when the seal does not open; everything else a sender can do ends in `problems`. */
export async function openReport(input: RoomInput, options: ReadOptions = {}): Promise<OpenReport> {
  const plain = input.identity === null ? input.bytes : unsealed(input.bytes, input.identity);
  const message = input.kind === 'message' ? await readMail(plain) : fileAsMessage(plain, input.name);
  const search = new Search(
    input,
    { policy: evidencePolicy, lists: [], claimed: true, sharedPrimes: true, ...options },
    message,
  );
  search.run();
  return {
    question: search.question(),
    sawPrivateKey: search.sawPrivateKey,
    ahead: () => search.workAhead(),
    judge: async (answer) => search.reading(await search.judge(answer)),
  };
}

function unsealed(sealed: Uint8Array, identity: string): Uint8Array {
  try {
    return openSeal(sealed, identity);
  } catch {
    throw Object.assign(new Error('sealed bytes do not open'), { code: 'sealed_corrupt' });
  }
}

async function readMail(plain: Uint8Array): Promise<Message> {
  const { readMessage } = await import('../../../foundation/mail/read-message.ts');
  return readMessage(plain);
}

/** One file on its own, as a message with one attachment. */
export function fileAsMessage(bytes: Uint8Array, name: string): Message {
  const empty: Partial<Message> = {
    messageId: null,
    messageIdSynthetic: true,
    inReplyTo: [],
    references: [],
    from: [],
    replyTo: [],
    to: [],
    deliveredTo: [],
    returnPath: null,
    subject: '',
    date: null,
    received: [],
    automatic: 'no',
    texts: [],
    inner: [],
    links: [],
    problems: [],
    headers: new Map(),
  };
  return {
    ...empty,
    originalFrom: null,
    sender: null,
    cc: [],
    attachments: [{ path: name, fileName: name, mediaType: 'application/octet-stream', bytes }],
  } as unknown as Message;
}

class Search {
  private readonly input: RoomInput;
  private readonly options: Required<ReadOptions>;
  private readonly message: Message;
  private readonly seen: Seen[] = [];
  private readonly problems = new Set<string>();
  private readonly memberTexts: TextBlock[] = [];
  private readonly secretAttachments = new Set<number>();
  private readonly textFinds = new Map<string, readonly Found[]>();
  private readonly tries = new Tries();
  private readonly certificates: Certificate[] = [];
  private readonly raw: { readonly source: string; readonly bytes: Uint8Array }[] = [];
  private texts: TextBlock[] = [];
  sawPrivateKey = false;
  private readonly ahead: Ahead;
  private sawCsr = false;
  private clean: Message | null = null;

  constructor(input: RoomInput, options: Required<ReadOptions>, message: Message) {
    this.input = input;
    this.options = options;
    this.message = message;
    const { reportId, receivedAt } = input;
    this.ahead = new Ahead(() => ({ reportId, receivedAt, nonce: randomBytes(NONCE_BYTES) }), options.lists);
  }

  run(): void {
    for (const problem of this.message.problems) this.problems.add(problem);
    this.searchTexts();
    const given = [...this.input.passphrases, ...passphrasesIn(this.message.texts.map((block) => block.text))];
    this.searchAttachments(given);
    this.openLocked(given);
    this.readCertificates();
  }

  /** Blocks of one part are searched as the one text they were. */
  private searchTexts(): void {
    const groups = new Map<string, TextBlock[]>();
    for (const block of this.message.texts) {
      const group = groups.get(block.path);
      if (group === undefined) groups.set(block.path, [block]);
      else group.push(block);
    }
    const enclosed = new Set(this.message.attachments.map((attachment) => attachment.path));
    const redacted = new Map<TextBlock, TextBlock>();
    for (const [path, blocks] of groups) {
      const found = extractFromText(blocks.map((block) => block.text).join('\n'));
      this.textFinds.set(path, found);
      // A text file that is enclosed is shown as text as well; its keys are counted once, with the file.
      if (!enclosed.has(path)) this.note(path === '' ? 'body' : path, found);
      const texts = redactBlocks(
        blocks.map((block) => block.text),
        found,
      );
      for (const [index, block] of blocks.entries()) redacted.set(block, { ...block, text: texts[index] as string });
    }
    this.texts = this.message.texts.map((block) => redacted.get(block) ?? block);
  }

  private searchAttachments(given: readonly string[]): void {
    const budget = new Budget();
    for (const [index, attachment] of this.message.attachments.entries()) {
      const path = attachment.fileName === '' ? attachment.path : attachment.fileName;
      if (this.input.careful) {
        this.note(path, extractFromBytes(attachment.bytes), index);
        continue;
      }
      const before = this.seen.length;
      let container = false;
      for (const unpacked of unpack(attachment.bytes, { path, passphrases: given, budget })) {
        container ||= unpacked.path !== path || unpacked.kind === 'problem';
        if (unpacked.kind === 'problem') this.problems.add(`${unpacked.code}: ${unpacked.path}`);
        else {
          const found = extractFromBytes(unpacked.bytes);
          this.note(unpacked.path, found, index);
          if (found.length === 0) this.keepRaw(unpacked.path, unpacked.bytes);
          if (unpacked.path !== path) this.keepText(unpacked.path, unpacked.bytes, found);
        }
      }
      // Two kinds of file in one, or a container that is damaged: what no reader of the format sees may stand in its bytes.
      if (container && this.seen.length === before) this.note(path, extractFromBytes(attachment.bytes), index);
    }
  }

  private note(source: string, found: readonly Found[], attachment: number | null = null): void {
    for (const one of found) {
      if (this.seen.length >= ITEMS_MAX) {
        this.problems.add('too_many_items');
        return;
      }
      this.seen.push({ source, found: one });
      if (isSecret(one)) {
        this.sawPrivateKey ||= one.kind !== 'unreadable-key' || one.range.to - one.range.from > 400;
        if (attachment !== null) this.secretAttachments.add(attachment);
      }
      if (one.kind === 'csr') this.sawCsr = true;
    }
  }

  /** A detached signature is a small file of bytes, or of nothing but base64. */
  private keepRaw(source: string, bytes: Uint8Array): void {
    if (this.raw.length >= RAW_SIGNATURES_MAX || bytes.length < 40 || bytes.length > RAW_SIGNATURE_BYTES_MAX) return;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const base64 = /^[A-Za-z0-9+/\s]{50,}={0,2}\s*$/.test(text) && !/[A-Za-z]\s[a-z]+\s/.test(text);
    if (base64) this.raw.push({ source, bytes: Buffer.from(text, 'base64') });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that no text has.
    else if (/[\u0000-\u0008\u000e-\u001f\u007f-\u00ff]/.test(text)) this.raw.push({ source, bytes });
  }

  /** Words inside archives and documents are read like the message's own (a list of serials, a covering letter). */
  private keepText(path: string, bytes: Uint8Array, found: readonly Found[]): void {
    if (this.memberTexts.length >= MEMBER_TEXTS_MAX || bytes.length > MEMBER_TEXT_CHARACTERS_MAX) return;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const text = view.toString('utf8');
    if (text.includes('\0') || text.includes('\ufffd')) return;
    // Ranges are offsets in the text only when it was read as one; when in doubt the text is searched again.
    const clean = found.some(isSecret) ? redactText(text) : text;
    this.memberTexts.push({ role: 'attachment', path, text: clean });
  }

  private openLocked(given: readonly string[]): void {
    for (const [index, seen] of [...this.seen.entries()]) {
      if (seen.found.kind !== 'encrypted-key') continue;
      if (this.input.careful) {
        this.seen[index] = { ...seen, locked: 'too-costly' };
        continue;
      }
      const opened = this.tries.open(seen.found.open, given, this.options.policy.passphrases);
      if (typeof opened === 'string') {
        this.seen[index] = { ...seen, locked: opened };
        continue;
      }
      const { container, range } = seen.found;
      const inside: Seen[] = [
        ...opened.keys.map(
          (key): Seen => ({ source: seen.source, found: { kind: 'private-key', container, range, key } }),
        ),
        ...opened.certificates.map(
          (der): Seen => ({ source: seen.source, found: { kind: 'certificate', container, range, der } }),
        ),
      ];
      const [first, ...rest] = inside;
      if (first !== undefined) this.seen[index] = first;
      this.seen.push(...rest);
    }
  }

  private readCertificates(): void {
    for (const { found } of this.seen) {
      if (found.kind !== 'certificate') continue;
      try {
        this.certificates.push(parseCertificate(found.der));
      } catch (cause) {
        if (!(cause instanceof DerError)) throw cause;
      }
    }
  }

  question(): RoomQuestion {
    const hashes = new Set<string>();
    const csrs = new Set<string>();
    for (const { found } of this.seen) {
      if (hashes.size > HASHES_MAX) break;
      for (const spki of this.keysOf(found)) {
        const three = hashesOf(spki);
        if (three !== null) for (const hash of [three.exact, three.canonical, three.material]) hashes.add(hash);
      }
      if (found.kind === 'statement' && found.statement.spkiSha256 !== null) hashes.add(found.statement.spkiSha256);
      if (found.kind === 'jws') {
        const kid = /"kid"\s*:\s*"([0-9a-f]{64})"/i.exec(
          Buffer.from(found.jws.protectedHeader, 'base64url').toString('utf8'),
        );
        if (kid !== null) hashes.add((kid[1] as string).toLowerCase());
      }
      const request = found.kind === 'csr' ? parsedCsr(found.der) : null;
      if (request !== null && found.kind === 'csr') for (const one of csrHashes(found.der, request.tbs)) csrs.add(one);
    }
    if (this.raw.length > 0) {
      for (const { text } of this.texts)
        for (const [hash] of [...text.matchAll(spkiHashIn)].slice(0, 50)) hashes.add(hash.toLowerCase());
    }
    return {
      keyHashes: [...hashes],
      fingerprints: this.certificates.map((certificate) => certificate.fingerprint),
      csrHashes: [...csrs],
    };
  }

  private keysOf(found: Found): Uint8Array[] {
    if (found.kind === 'csr') {
      const request = parsedCsr(found.der);
      return request === null ? [] : [request.spki];
    }
    try {
      return publicKeysOf(found);
    } catch (cause) {
      if (cause instanceof DerError) return [];
      throw cause;
    }
  }

  workAhead(): void {
    for (const { found } of this.seen) if (found.kind === 'private-key') this.ahead.run(found.key);
    this.redacted();
  }

  async judge(answer: RoomAnswer): Promise<Judged[]> {
    const context: JudgeContext = {
      reportId: this.input.reportId,
      receivedAt: this.input.receivedAt,
      randomBytes: (count) => randomBytes(count),
      inventory: inventoryOf(answer.keys),
      policy: this.options.policy,
      lists: this.options.lists,
      challenges: this.input.challenges,
      enrolledCsrs: new Set(answer.enrolledCsrs),
      claimed: this.options.claimed,
      ahead: this.ahead,
    };
    const around = {
      texts: [...this.texts, ...this.memberTexts].map((block) => block.text).slice(0, 40),
      spkis: this.seen
        .filter(({ found }) => found.kind !== 'private-key')
        .flatMap(({ found }) => this.keysOf(found))
        .slice(0, 200),
    };
    const judged: Judged[] = [];
    for (const seen of this.seen) {
      const item = await judge(seen, around, context);
      // The signature of an ordinary signed mail says nothing of any key of ours.
      if (item.form !== 'cms' || item.verdict !== 'claim-only') judged.push(item);
    }
    for (const { source, bytes } of this.raw) {
      const item = judgeRaw(bytes, source, around, context);
      if (item !== null) judged.push(item);
    }
    return this.options.sharedPrimes ? checkSharedPrimes(judged, context) : judged;
  }

  /** The message as others may see it. */
  private redacted(): Message {
    this.clean ??= redactDeep(
      {
        ...this.message,
        texts: [...this.texts, ...this.memberTexts],
        attachments: this.message.attachments.map((attachment, index) =>
          this.secretAttachments.has(index) || attachment.bytes.length > ATTACHMENT_BYTES_KEPT_MAX
            ? { ...attachment, bytes: new Uint8Array(0) }
            : attachment,
        ),
        problems: [...this.problems],
      },
      [...this.tries.worked],
    );
    return this.clean;
  }

  reading(evidence: readonly Judged[]): RoomReading {
    return {
      message: this.redacted(),
      evidence,
      objects: {
        // An emptied block (`[removed]` between the markers) is redacted all the same, but holds no key.
        hasPrivateKey: this.sawPrivateKey,
        hasCertificate: this.certificates.length > 0,
        hasCsr: this.sawCsr,
        derivedFingerprintsSha256: this.certificates.map((certificate) => certificate.fingerprint),
        derivedSerials: this.certificates.map((certificate) => certificate.serial),
      },
      sawPrivateKey: this.sawPrivateKey,
      encryptedUnopened:
        this.seen.some(({ found }) => found.kind === 'encrypted-key') ||
        [...this.problems].some((problem) => problem.startsWith('encrypted')),
      problems: [...this.problems],
    };
  }
}

function parsedCsr(der: Uint8Array): ReturnType<typeof parseCsr> | null {
  try {
    return parseCsr(der);
  } catch (cause) {
    if (cause instanceof DerError) return null;
    throw cause;
  }
}
