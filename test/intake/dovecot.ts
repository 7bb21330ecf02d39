/** A real Dovecot for one test run: own folder, own port, no password file of anybody. Needs the Debian package. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Dovecot {
  readonly port: number;
  readonly password: string;
  /** Opens the mailbox `mailbox` by XOAUTH2 until the token is revoked. */
  readonly accessToken: string;
  revokeToken(): void;
  stop(): Promise<void>;
}

/** Why a real IMAP server cannot run here, or false. */
export function dovecotMissing(): string | false {
  if (!existsSync('/usr/sbin/dovecot')) return 'Dovecot is not installed (Debian: dovecot-imapd)';
  if (process.getuid?.() !== 0) return 'Dovecot drops privileges and so has to be started by root';
  return false;
}

export async function startDovecot(): Promise<Dovecot> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-dovecot-'));
  await chmod(folder, 0o755);
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody']).toString())) as [
    number,
    number,
  ];
  await mkdir(join(folder, 'mail'));
  await chown(join(folder, 'mail'), uid, gid);
  const port = await freePort();
  const password = 'only for this test';
  const tokens = await tokenServer();
  await writeFile(
    join(folder, 'oauth2.conf'),
    `introspection_mode = post
introspection_url = http://127.0.0.1:${tokens.port}/
username_attribute = username
active_attribute = active
active_value = true
use_grant_password = no
`,
  );
  const configuration = join(folder, 'dovecot.conf');
  await writeFile(
    configuration,
    `
protocols = imap
base_dir = ${folder}/run
log_path = ${folder}/log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
mail_location = maildir:${folder}/mail/%u
first_valid_uid = 1
mail_uid = ${uid}
mail_gid = ${gid}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
auth_mechanisms = plain xoauth2
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = ${folder}/oauth2.conf
}
passdb {
  driver = static
  args = password=${password.replaceAll(' ', '_')}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}/mail/%u
}
namespace inbox {
  inbox = yes
  mailbox Junk {
    auto = create
    special_use = \\Junk
  }
  mailbox Sent {
    auto = create
    special_use = \\Sent
  }
}
`,
  );
  const server: ChildProcess = spawn('/usr/sbin/dovecot', ['-F', '-c', configuration], { stdio: 'ignore' });
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (attempt > 100 || server.exitCode !== null) throw new Error(`Dovecot did not start; see ${folder}/log`);
    await sleep(50);
  }
  return {
    port,
    password: password.replaceAll(' ', '_'),
    accessToken: tokens.token,
    revokeToken: tokens.revoke,
    stop: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await gone;
      tokens.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Says of one token whose it is, as an identity provider would (RFC 7662). */
async function tokenServer() {
  const token = 'a-token-of-mailbox';
  let active = true;
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const given = new URLSearchParams(body).get('token') ?? '';
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(active && given === token ? { active: true, username: 'mailbox' } : { active: false }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    token,
    port: (server.address() as { port: number }).port,
    revoke: () => {
      active = false;
    },
    close: () => server.close(),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
