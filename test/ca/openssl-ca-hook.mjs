#!/usr/bin/env node
/**
 * A command for the `command` connector: an `openssl ca` in the folder given as the first argument. Shows what such a
 * hook has to do, and is what the contract suite runs against.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const order = JSON.parse(readFileSync(0, 'utf8'));
const say = (value, exit) => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
  process.exit(exit);
};
const config = ['-config', join(folder, 'ca.cnf')];

if (order.action === 'publish') {
  execFileSync('openssl', ['ca', ...config, '-gencrl', '-out', join(folder, 'ca.crl')], {
    cwd: folder,
    stdio: 'ignore',
  });
  say({}, 0);
}

/** index.txt: status, expiry, revocation time and reason, serial, file, subject. */
const find = () =>
  readFileSync(join(folder, 'index.txt'), 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .find((row) => row[3]?.toLowerCase().replace(/^0+/, '') === order.serial.replace(/^0+/, ''));
const revocation = (row) => {
  const [date, reason = null] = row[2].split(',');
  const [, y, mo, d, h, mi, s] = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  return { reason, revokedAt: `20${y}-${mo}-${d}T${h}:${mi}:${s}Z` };
};

const row = find();
if (row === undefined) say({ outcome: 'refused', code: 'unknown-certificate', message: 'not in index.txt' }, 1);
if (order.action === 'look') say(row[0] === 'R' ? { state: 'revoked', ...revocation(row) } : { state: 'good' }, 0);
if (row[0] === 'R') say(revocation(row), 10);

const file = join(folder, 'new', `${row[3]}.pem`);
if (!existsSync(file)) say({ outcome: 'refused', code: 'rejected', message: 'the certificate file is gone' }, 1);
const reason = order.reasonCode === null ? [] : ['-crl_reason', order.reason];
const ran = spawnSync('openssl', ['ca', ...config, '-revoke', file, ...reason], { cwd: folder, stdio: 'ignore' });
if (ran.status !== 0) process.exit(30);
say(revocation(find()), 0);
