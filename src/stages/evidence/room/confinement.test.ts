/** What the kernel and the permission model let a reading-room child do, tried from inside one. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readable } from './program.ts';
import { confinedCommand } from './room-child.ts';

const tries = `
const results = {};
const attempt = async (name, run) => { try { await run(); results[name] = 'allowed'; } catch (e) { results[name] = e.code ?? e.message; } };
const { writeFileSync, readFileSync } = await import('node:fs');
await attempt('write', () => writeFileSync('/tmp/rescind-room-escape', 'x'));
await attempt('read passwd', () => readFileSync('/etc/passwd'));
await attempt('environment', () => { if (Object.keys(process.env).some((k) => !/^(NODE_CHANNEL|PWD|SHLVL|_$)/.test(k))) return; throw Object.assign(new Error(), { code: 'EMPTY' }); });
await attempt('network', async () => { const { connect } = await import('node:net'); await new Promise((ok, no) => connect(9, '127.0.0.1').on('connect', ok).on('error', no)); });
await attempt('fetch', () => fetch('http://127.0.0.1:9/'));
await attempt('child', async () => (await import('node:child_process')).execSync('id'));
await attempt('worker', async () => { const { Worker } = await import('node:worker_threads'); new Worker('1', { eval: true }); });
process.send(results);
`;

describe('a child of the reading room', () => {
  it('has no network, no files, no children, no threads and no environment', async () => {
    const [command, ...rest] = confinedCommand(256, ['--input-type=module', '--eval', tries]);
    const child = spawn(command as string, rest, { stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'ipc'], env: {} });
    const results = await new Promise<Record<string, string>>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Record<string, string>));
      child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
    });
    child.kill('SIGKILL');
    expect(results.write).toBe('ERR_ACCESS_DENIED');
    expect(results['read passwd']).toBe('ERR_ACCESS_DENIED');
    expect(results.network).toBe('ERR_ACCESS_DENIED');
    expect(results.fetch).not.toBe('allowed');
    expect(results.child).toBe('ERR_ACCESS_DENIED');
    expect(results.worker).toBe('ERR_ACCESS_DENIED');
    expect(results.environment).toBe('EMPTY');
  });

  it('is let to what links of the checkout lead to, and to nothing beside it', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rescind-links-')));
    try {
      for (const name of ['checkout/src', 'elsewhere/package', 'beside']) {
        mkdirSync(join(folder, name), { recursive: true });
        writeFileSync(join(folder, name, 'file'), name);
      }
      writeFileSync(join(folder, 'checkout/package.json'), '{}');
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'checkout/node_modules'));
      symlinkSync(join(folder, 'checkout'), join(folder, 'link'));
      const asked = [
        'checkout/src/file',
        'checkout/node_modules/package/file',
        'elsewhere/package/file',
        'checkout/package.json',
        'beside/file',
      ];
      const flags = readable(join(folder, 'link')).map((path) => `--allow-fs-read=${path}`);
      const script = `const { readFileSync } = require('node:fs'); console.log(JSON.stringify(${JSON.stringify(
        asked.map((name) => join(folder, name)),
      )}.map((path) => { try { readFileSync(path); return 'read'; } catch (cause) { return cause.code; } })))`;
      const printed = execFileSync(process.execPath, ['--permission', ...flags, '--eval', script]).toString();
      expect(JSON.parse(printed)).toEqual(['read', 'read', 'read', 'read', 'ERR_ACCESS_DENIED']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('and the twin: the same attempts outside succeed', async () => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '--eval', tries.replace('/tmp/rescind-room-escape', '/dev/null')],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'ipc'],
      },
    );
    const results = await new Promise<Record<string, string>>((resolve) =>
      child.once('message', (m) => resolve(m as Record<string, string>)),
    );
    child.kill('SIGKILL');
    expect([results.write, results['read passwd'], results.child, results.worker]).toEqual([
      'allowed',
      'allowed',
      'allowed',
      'allowed',
    ]);
  });
});
