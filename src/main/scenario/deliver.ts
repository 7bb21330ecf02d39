/**
 * Hands one event to the desk the way it would arrive: a mail by SMTP or in a folder the desk polls, a form through the
 * report API, everything spoken or on paper through staff entry. The desk never gets `subjects`, `claims` or `asksFor`
 * of a mail; only what staff type in are fields of their entry.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createTransport, type Transporter } from 'nodemailer';
import { type Reason, reasonCodes } from '../../desk/facts.ts';
import { composeMessage } from '../../foundation/mail/compose.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { at, hasCome, isBefore, rfc3339 } from '../../foundation/time/time.ts';
import type { Listening } from '../../stages/intake/channel.ts';
import { openChannel } from '../../stages/intake/channels/index.ts';
import type { Receipt } from '../../stages/intake/receipt.ts';
import type { Desk } from '../wiring.ts';
import type { ScenarioEvent } from './schema.ts';
import type { World } from './world.ts';

export interface Item {
  /** `seq` of the event, or `REF/n` for an element of a stream. */
  readonly name: string;
  readonly at: Instant;
  readonly channel: ScenarioEvent['channel'];
  readonly text: string;
  readonly data: ScenarioEvent['data'];
}

/** Certificates that a staff entry names one by one; longer lists are in the enclosed files. */
const namedMax = 1_000;
/** Mails of one folder of a replay. */
const receiptsMax = 100_000;

export class Doors {
  readonly #desk: Desk;
  readonly #world: World;
  readonly #mail: Transporter;
  readonly #manual: Listening;
  readonly #form: Listening;
  readonly #api: Listening;
  readonly #smtp: Listening;
  readonly #folder: string;
  readonly #folders = new Map<string, Listening>();
  /** Message-IDs of what was fed, for threading and for finding the report again. */
  readonly #messageIds = new Map<string, { id: string; from: string; to: string }>();
  readonly #reports = new Map<string, string>();
  /** Mail that a filter lets go of later (`heldUntil`): it moves to the inbox then, and is the same mail. */
  readonly #held: { readonly at: Instant; readonly path: string; readonly mailbox: string }[] = [];

  private constructor(parts: {
    desk: Desk;
    world: World;
    smtp: Listening;
    manual: Listening;
    form: Listening;
    api: Listening;
    folder: string;
  }) {
    this.#desk = parts.desk;
    this.#world = parts.world;
    this.#smtp = parts.smtp;
    this.#manual = parts.manual;
    this.#form = parts.form;
    this.#api = parts.api;
    this.#folder = parts.folder;
    const port = Number(parts.smtp.addresses[0]?.split(':').at(-1));
    this.#mail = createTransport({
      host: '127.0.0.1',
      port,
      secure: false,
      ignoreTLS: true,
      pool: true,
      maxConnections: 1,
      maxMessages: Number.POSITIVE_INFINITY,
    });
  }

  static async open(desk: Desk, world: World, folder: string): Promise<Doors> {
    const listen = async (kind: 'smtp' | 'manual' | 'api', source: string, settings: unknown): Promise<Listening> => {
      const opened = openChannel(kind, source, settings);
      if (!opened.ok) throw new Error(opened.problems.map((p) => p.message).join('; '));
      return opened.channel.listen(desk.channelContext);
    };
    const smtp = await listen('smtp', 'mx', { port: 0 });
    const manual = await listen('manual', 'staff-entry', {});
    const form = await listen('api', 'report-form', { form: true });
    const api = await listen('api', 'report-api', {});
    return new Doors({ desk, world, smtp, manual, form, api, folder });
  }

  async close(): Promise<void> {
    this.#mail.close();
    for (const listening of [this.#smtp, this.#manual, this.#form, this.#api, ...this.#folders.values()])
      await listening.close();
  }

  /** Report id (receipt id) of what was fed under this name; null while it has none. */
  reportOf(name: string): string | null {
    return this.#reports.get(name) ?? null;
  }

  note(name: string, reportId: string): void {
    this.#reports.set(name, reportId);
  }

  /** Message-ID of the mail that was fed under this name; null when it was none. */
  messageIdOf(name: string): string | null {
    return this.#messageIds.get(name)?.id ?? null;
  }

  nameOf(reportId: string): string | null {
    for (const [name, id] of this.#reports) if (id === reportId) return name;
    return null;
  }

  async deliver(item: Item): Promise<void> {
    switch (item.channel) {
      case 'email':
        return this.#byMail(item);
      case 'form':
      case 'api':
        return this.#byForm(item);
      default:
        return this.#byStaff(item);
    }
  }

  async #byMail(item: Item): Promise<void> {
    const { data } = item;
    if (data.smtp !== undefined && /^5/.test(data.smtp.status)) return;
    const from = data.from ?? 'unknown@sender.example';
    const to = data.smtp?.deliveredTo ?? data.to[0] ?? 'support@ca.example';
    const { subject, body } = this.#texts(item);
    const messageId = `<m${item.name.replaceAll(/[^\w]/g, '-')}.${item.at.epochMilliseconds}@${domainOf(from)}>`;
    const earlier = data.about === undefined ? undefined : this.#messageIds.get(String(data.about));
    const threaded = earlier !== undefined && earlier.from === from && earlier.to === to ? earlier.id : null;
    this.#messageIds.set(item.name, { id: messageId, from, to });
    const message = composeMessage({
      from: { name: '', address: from },
      to: (data.to.length > 0 ? data.to : [to]).map((address) => ({ name: '', address })),
      subject,
      text: body,
      date: item.at,
      messageId,
      headers: threaded === null ? [] : [['In-Reply-To', threaded]],
      attachments: this.#attachments(item),
    });
    const raw = Buffer.concat([Buffer.from(acceptedBy(item.at, from, to)), message]);
    const folder = data.smtp?.folder ?? 'inbox';
    if (folder === 'inbox') await this.#bySmtp(item, raw, from, to);
    else await this.#byFolder(item, raw, `${to}/${folder}`);
  }

  async #bySmtp(item: Item, raw: Buffer, from: string, to: string): Promise<void> {
    const info = (await this.#mail.sendMail({ envelope: { from, to: [to] }, raw })) as { response?: string };
    const receipt = /received as (\S+)/.exec(info.response ?? '')?.[1];
    if (receipt !== undefined) this.#reports.set(item.name, receipt);
  }

  /** Into a folder that the desk polls like any mailbox: junk and quarantine are inputs of their own (FM03). */
  async #byFolder(item: Item, raw: Buffer, mailbox: string): Promise<void> {
    const folder = await this.#folderOf(mailbox);
    const path = join(folder, `${String(item.at.epochMilliseconds)}-${item.name.replaceAll(/\W/g, '-')}.eml`);
    await writeFile(path, raw);
    const before = new Set((await this.#receiptsIn(mailbox)).map((r) => r.id));
    await this.#look(mailbox);
    const fresh = (await this.#receiptsIn(mailbox)).find((r) => !before.has(r.id));
    if (fresh !== undefined) this.#reports.set(item.name, fresh.id);
    const heldUntil = item.data.smtp?.heldUntil ?? null;
    const inbox = `${mailbox.slice(0, mailbox.lastIndexOf('/'))}/inbox`;
    if (heldUntil !== null) this.#held.push({ at: at(heldUntil), path, mailbox: inbox });
  }

  /** When a filter lets go of the next mail; null when none is held. */
  nextReleaseAt(): Instant | null {
    return this.#held.reduce<Instant | null>((min, h) => (min === null || isBefore(h.at, min) ? h.at : min), null);
  }

  /** Moves what a filter has let go of by now into the inbox, where the desk finds it once more. */
  async release(now: Instant): Promise<void> {
    for (const held of this.#held.filter((h) => hasCome(h.at, now))) {
      this.#held.splice(this.#held.indexOf(held), 1);
      await rename(held.path, join(await this.#folderOf(held.mailbox), basename(held.path)));
      await this.#look(held.mailbox);
    }
  }

  #receiptsIn(mailbox: string): Promise<readonly Receipt[]> {
    return this.#desk.ledger.list({ source: mailbox, limit: receiptsMax });
  }

  async #folderOf(mailbox: string): Promise<string> {
    const folder = join(this.#folder, mailbox.replaceAll(/[^\w@.-]/g, '_'));
    await mkdir(folder, { recursive: true });
    return folder;
  }

  async #look(mailbox: string): Promise<void> {
    const known = this.#folders.get(mailbox);
    const listening = known ?? (await this.#poll(await this.#folderOf(mailbox), mailbox));
    this.#folders.set(mailbox, listening);
    await listening.look?.();
  }

  async #poll(folder: string, mailbox: string): Promise<Listening> {
    const opened = openChannel('mbox', mailbox, { paths: [folder], everySeconds: 0 });
    if (!opened.ok) throw new Error(opened.problems.map((p) => p.message).join('; '));
    return opened.channel.listen(this.#desk.channelContext);
  }

  async #byForm(item: Item): Promise<void> {
    const { data } = item;
    const { subject, body } = this.#texts(item);
    const forms = data.forms ?? {};
    const named = Array.isArray(forms.certificates)
      ? forms.certificates.map((c) => this.#world.fill(String(c)))
      : forms.certificates === undefined
        ? []
        : [this.#world.fill(String(forms.certificates))];
    const contact = String(forms.contact ?? data.from ?? '');
    const rest = Object.entries(forms).filter(([key]) => !['topic', 'contact', 'certificates', 'reason'].includes(key));
    const text = [body, ...rest.map(([key, value]) => `${key}: ${this.#world.fill(String(value))}`)].join('\n');
    await this.#accepted(item, item.channel === 'api' ? this.#api : this.#form, {
      reporter: { email: contact },
      subject,
      text,
      certificates: named,
      topic: forms.topic === undefined ? '' : String(forms.topic),
      reason: forms.reason == null ? '' : String(forms.reason),
      attachments: this.#entryFiles(item),
    });
  }

  async #byStaff(item: Item): Promise<void> {
    const { data } = item;
    const { subject, body } = this.#texts(item);
    const named = data.subjects.flatMap((ref) => this.#world.select(ref));
    const enclosed = data.attachments.length > 0;
    const heardBy = ['phone', 'letter', 'ticket', 'public-tracker'].includes(item.channel) ? item.channel : 'other';
    const asksFor = data.asksFor === 'issue' ? null : (data.asksFor ?? null);
    await this.#accepted(item, this.#manual, {
      heardBy,
      firstHeardAt: data.firstKnownAt ?? null,
      reporter: { contact: data.from ?? '' },
      subject,
      text: body,
      certificates: enclosed && named.length > namedMax ? [] : named.map((c) => c.fingerprint),
      attachments: this.#entryFiles(item),
      label: data.claims ?? null,
      reason: reasonNamed(data.forms?.reason),
      asksFor,
    });
  }

  async #accepted(item: Item, door: Listening, body: unknown): Promise<void> {
    const answer = await door.accept?.({
      headers: { 'idempotency-key': `${item.name}-${item.at}` },
      body: Buffer.from(JSON.stringify(body)),
      peer: '127.0.0.1',
      enteredBy: 'duty-officer',
    });
    if (answer === undefined || answer.status !== 202)
      throw new Error(`event ${item.name} was not taken: ${JSON.stringify(answer?.body)}`);
    const [report] = (answer.body as { reports: { receipt: string }[] }).reports;
    if (report !== undefined) this.#reports.set(item.name, report.receipt);
  }

  #texts(item: Item): { subject: string; body: string } {
    const text = this.#world.fill(item.text, this.#instants(item));
    const first = /^(?:Subject|Assunto): (.*)\n\n?/.exec(text);
    const body = first === null ? text : text.slice(first[0].length);
    const subject =
      item.data.subject === undefined
        ? (first?.[1] ?? text.slice(0, 60).replaceAll(/\s+/g, ' '))
        : this.#world.fill(item.data.subject);
    return { subject, body };
  }

  #instants(item: Item): Record<string, string> {
    const { firstKnownAt, staff } = item.data;
    const out: Record<string, string> = {};
    const put = (name: string, value: string | null | undefined): void => {
      if (value != null) out[`at:${name}`] = `${rfc3339(at(value)).slice(0, 16).replace('T', ' ')} UTC`;
    };
    put('firstKnownAt', firstKnownAt);
    put('notBefore', staff?.notBefore);
    put('until', staff?.until);
    return out;
  }

  #attachments(item: Item): { fileName: string; mediaType: string; bytes: Uint8Array }[] {
    return item.data.attachments.map((file) => ({
      fileName: file.name,
      mediaType: file.mime,
      bytes:
        file.text === undefined
          ? Buffer.concat(file.contains.flatMap((ref) => [...this.#world.filesOf(ref)]))
          : Buffer.from(this.#world.fill(file.text)),
    }));
  }

  #entryFiles(item: Item): { fileName: string; mediaType: string; contentBase64: string }[] {
    return this.#attachments(item).map(({ bytes, ...rest }) => ({
      ...rest,
      contentBase64: Buffer.from(bytes).toString('base64'),
    }));
  }
}

/** `forms.reason` of a console is an RFC 5280 number, or null. */
function reasonNamed(value: unknown): Reason | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return (Object.keys(reasonCodes) as Reason[]).find((name) => reasonCodes[name] === number) ?? null;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** What the CA's own mail server puts on top: when it accepted, and that the sender's domain authenticated. */
function acceptedBy(instant: Instant, from: string, to: string): string {
  const date = mailDate(instant);
  const domain = domainOf(from);
  return [
    `Delivered-To: ${to}`,
    `Authentication-Results: mx.ca.example; dmarc=pass header.from=${domain}`,
    `Received: from mail.${domain} (mail.${domain} [203.0.113.25]) by mx.ca.example with ESMTPS id ${instant.epochMilliseconds}; ${date}`,
    '',
  ].join('\r\n');
}

function mailDate(instant: Instant): string {
  const t = instant.toZonedDateTimeISO('UTC');
  const two = (n: number): string => String(n).padStart(2, '0');
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${days[t.dayOfWeek - 1]}, ${two(t.day)} ${months[t.month - 1]} ${t.year} ${two(t.hour)}:${two(t.minute)}:${two(t.second)} +0000`;
}
