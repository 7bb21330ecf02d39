import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SystemTime } from '../foundation/time/system-time.ts';
import { rulesLabCommand } from './rules-lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'rules-lab-'));
afterAll(() => rmSync(folder, { recursive: true }));
const mail = (text: string) =>
  `From: <a@sender.example>\r\nTo: <support@ca.example>\r\nSubject: hello\r\n\r\n${text}\r\n`;
writeFileSync(join(folder, 'invoice.eml'), mail('Please send us the invoice again, our VAT number is missing.'));
writeFileSync(
  join(folder, 'leak.eml'),
  mail('The private key of our certificate is public on a code host, please revoke.'),
);

async function run(...words: string[]): Promise<{ lines: string[]; errors: string[]; code: number }> {
  const lines: string[] = [];
  const errors: string[] = [];
  let code = 0;
  const command = rulesLabCommand({
    time: new SystemTime(),
    out: (line) => lines.push(line),
    err: (line) => errors.push(line),
    exit: (value) => {
      code = value;
    },
  });
  await command.parseAsync(words, { from: 'user' });
  return { lines, errors, code };
}

describe('rescind rules-lab', () => {
  it('shows the case that would no longer open, and counts', async () => {
    const { lines } = await run('--json', '--open-from', '1.01', folder);
    const [moved, counts] = lines.map((line) => JSON.parse(line));
    expect(moved).toMatchObject({
      name: `${folder}/leak.eml`,
      weaker: true,
      before: { action: 'open-case' },
      after: { action: 'human-review' },
    });
    expect(counts).toMatchObject({ messages: 2, moved: 1, weaker: 1, before: { 'open-case': 1, file: 1 } });
  });

  it('says that nothing moves under the rules in force', async () => {
    expect((await run(folder)).lines[0]).toBe('0 of 2 verdicts move, 0 to something weaker.');
  });

  it('reads with another lexicon: without one a leak looks less like a leak', async () => {
    const { lines } = await run('--json', '--lexicon', folder, folder);
    const moved = lines.map((line) => JSON.parse(line)).find((one) => one.name === `${folder}/leak.eml`);
    expect(moved.after.score).toBeLessThan(moved.before.score);
  });

  it('a lexicon that is not there is one clear line and exit 2', async () => {
    const { errors, code } = await run('--lexicon', join(folder, 'nowhere'), folder);
    expect([errors.length, code]).toEqual([1, 2]);
    expect(errors[0]).toContain('cannot be opened');
  });
});
