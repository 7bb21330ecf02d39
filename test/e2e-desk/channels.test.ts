/** Every kind of channel opened from the configuration of a served desk, each with a message of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { signCall } from '../../src/stages/intake/signature.ts';
import { type Dovecot, dovecotMissing, startDovecot } from '../intake/dovecot.ts';
import { Served, until } from './served.ts';

const missing = dovecotMissing();
const secret = 'a secret of the helpdesk';
const text = 'The private key of your certificate 4a10c3e1 is public, please revoke it.';

describe.skipIf(missing !== false)(
  `channels of the configuration${missing === false ? '' : ` (skipped: ${missing})`}`,
  { timeout: 120_000 },
  () => {
    let dovecot: Dovecot;
    let served: Served;
    beforeAll(async () => {
      dovecot = await startDovecot();
      const imap = { host: '127.0.0.1', port: dovecot.port, secure: false, everySeconds: 1 };
      served = await Served.open({
        silenceSeconds: 3_600,
        settings: (folder) => {
          const tokenFile = join(folder, 'imap-token');
          writeFileSync(tokenFile, `${dovecot.accessToken}\n`, { mode: 0o600 });
          return {
            channels: [
              { kind: 'imap', source: 'sales', settings: { ...imap, user: 'sales', password: dovecot.password } },
              { kind: 'imap', source: 'token', settings: { ...imap, user: 'mailbox', accessTokenFile: tokenFile } },
              { kind: 'webhook', source: 'helpdesk', settings: { helpdesk: 'zammad', secrets: [secret] } },
              { kind: 'api', source: 'report-api' },
            ],
          };
        },
      });
    }, 120_000);
    afterAll(async () => {
      await served?.close();
      await dovecot?.stop();
    });

    const onTheBoard = (subject: string): Promise<unknown> =>
      until(async () => JSON.stringify(await served.board()).includes(subject));
    const put = async (user: string, folder: string, subject: string): Promise<void> => {
      const auth = { user, pass: dovecot.password };
      const client = new ImapFlow({ host: '127.0.0.1', port: dovecot.port, secure: false, auth, logger: false });
      await client.connect();
      await client.append(folder, `From: a@reporter.example\r\nSubject: ${subject}\r\n\r\n${text} ${subject}\r\n`);
      await client.logout();
    };
    const call = async (source: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${served.ports.http}/api/v1/channels/${source}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
      });

    test('a mailbox is read with its password, its junk folder too', async () => {
      await put('sales', 'INBOX', 'in the inbox');
      await put('sales', 'Junk', 'in the junk folder');
      await onTheBoard('in the inbox');
      await onTheBoard('in the junk folder');
    });

    test('a mailbox is read with an access token (XOAUTH2)', async () => {
      await put('mailbox', 'INBOX', 'behind a token');
      await onTheBoard('behind a token');
    });

    test('a ticket of a helpdesk is taken when it is signed', async () => {
      const ticket = {
        ticket: { id: 7, title: 'a ticket of Zammad', created_at: '2026-01-01T00:00:00Z' },
        article: { id: 1, from: 'Ann <ann@reporter.example>', body: text, content_type: 'text/plain' },
      };
      const signature = signCall(Buffer.from(JSON.stringify(ticket)), secret, new SystemTime().now());
      expect((await call('helpdesk', ticket)).status).toBe(401);
      expect((await call('helpdesk', ticket, { 'x-rescind-signature': signature })).status).toBe(202);
      await onTheBoard('a ticket of Zammad');
    });

    test('thousands of reports in one call are taken once, however often the call comes', async () => {
      const one = (n: number) => ({ subject: `report ${n}`, text: `An ordinary note number ${n} about coffee.` });
      const body = {
        reports: [...Array.from({ length: 2_000 }, (_, n) => one(n)), { subject: 'the last of all', text }],
      };
      const receipts: string[][] = [];
      for (let again = 0; again < 2; again++) {
        const answer = await call('report-api', body, { 'idempotency-key': 'a-list' });
        expect(answer.status).toBe(202);
        const { reports } = (await answer.json()) as { reports: { receipt: string; fresh: boolean }[] };
        expect(reports.filter((report) => report.fresh)).toHaveLength(again === 0 ? 2_001 : 0);
        receipts.push(reports.map((report) => report.receipt));
      }
      expect(receipts[1]).toEqual(receipts[0]);
      await onTheBoard('the last of all');
    });
  },
);
