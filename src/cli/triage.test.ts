import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SystemTime } from '../foundation/time/system-time.ts';
import { triageCommand } from './triage.ts';

const folder = mkdtempSync(join(tmpdir(), 'triage-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mail = (text: string, subject = 'hello') =>
  `Received: from out.sender.example by mx.ca.example; Mon, 6 Jul 2026 10:00:00 +0530\r\nFrom: <a@sender.example>\r\nTo: <support@ca.example>\r\nSubject: ${subject}\r\nMessage-ID: <${subject.length}@sender.example>\r\n\r\n${text}\r\n`;
const leak = mail('The private key of our certificate is public on a code host, please revoke.', 'leak');
const invoice = mail('Please send us the invoice again, our VAT number is missing.', 'invoice');

async function run(...words: string[]): Promise<{ lines: Record<string, unknown>[]; errors: string[]; code: number }> {
  const out: string[] = [];
  const errors: string[] = [];
  let code = 0;
  const command = triageCommand({
    time: new SystemTime(),
    out: (line) => out.push(line),
    err: (line) => errors.push(line),
    exit: (value) => {
      code = value;
    },
  });
  await command.parseAsync(['--json', ...words], { from: 'user' });
  return { lines: out.map((line) => JSON.parse(line)), errors, code };
}

describe('rescind triage', () => {
  it('reads folders in byte order, skips dot-files, and numbers the messages of an mbox', async () => {
    mkdirSync(join(folder, 'box', 'b'), { recursive: true });
    writeFileSync(join(folder, 'box', 'b', 'one.eml'), leak);
    writeFileSync(join(folder, 'box', 'B.eml'), invoice);
    writeFileSync(join(folder, 'box', '.hidden'), leak);
    const from = 'From a@sender.example Mon Jul  6 10:00:00 2026\n';
    writeFileSync(
      join(folder, 'box', 'z.mbox'),
      `${from}${invoice.replaceAll('\r', '')}\n${from}${leak.replaceAll('\r', '')}\n`,
    );
    const { lines, code } = await run(`${folder}/box`);
    expect(lines.map((line) => [line.file, line.label])).toEqual([
      [`${folder}/box/B.eml`, 'not-a-report'],
      [`${folder}/box/b/one.eml`, 'key-compromise'],
      [`${folder}/box/z.mbox#1`, 'not-a-report'],
      [`${folder}/box/z.mbox#2`, 'key-compromise'],
    ]);
    expect(code).toBe(0);
  });

  it('has every key of the contract, and times in UTC', async () => {
    writeFileSync(join(folder, 'leak.eml'), leak);
    const { lines } = await run(join(folder, 'leak.eml'));
    const keys =
      'file label report action deadlineHours receivedAt clockStart route language score artifacts because problem'.split(
        ' ',
      );
    expect(Object.keys(lines[0]!)).toEqual(expect.arrayContaining(keys));
    expect(lines[0]).toMatchObject({
      report: true,
      action: 'open-case',
      deadlineHours: 24,
      receivedAt: '2026-07-06T04:30:00Z',
      route: 'pki-team',
      problem: null,
    });
  });

  it('a message that cannot be read is a line for a person, not an error', async () => {
    writeFileSync(join(folder, 'empty.eml'), '');
    const { lines, code } = await run(join(folder, 'empty.eml'));
    expect(lines[0]).toMatchObject({ label: 'other-problem', action: 'human-review', receivedAt: null });
    expect(lines[0]!.problem).not.toBeNull();
    expect(code).toBe(0);
  });

  it('a path that is not there is one clear line and exit 2', async () => {
    const { lines, errors, code } = await run(join(folder, 'nowhere'));
    expect([lines.length, errors.length, code]).toEqual([0, 1, 2]);
  });

  it('--fail-on-finding exits 1 for a report and 0 for an invoice', async () => {
    writeFileSync(join(folder, 'invoice.eml'), invoice);
    writeFileSync(join(folder, 'leak.eml'), leak);
    expect((await run('--fail-on-finding', join(folder, 'leak.eml'))).code).toBe(1);
    expect((await run('--fail-on-finding', join(folder, 'invoice.eml'))).code).toBe(0);
  });
});
