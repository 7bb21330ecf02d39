/** The stable contract of the command line, through the real process: exit codes, keys, and nothing else on stdout. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { jsonLines, rescind, type Scratch, scratch } from './rescind.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are judged key by key.
type Answer = Record<string, any>;

const corpus = 'test/corpus/mail';
let place: Scratch;
let database: TestDatabase;
let config: string;

beforeAll(async () => {
  place = scratch();
  database = await testDatabase();
  config = await place.file(
    'rescind.yaml',
    JSON.stringify({ dataFolder: `${place.folder}/data`, databaseUrl: database.url }),
  );
});
afterAll(async () => {
  await database.drop();
  await place.remove();
});

function keys(answer: unknown): string[] {
  return Object.keys(answer as object).sort();
}

describe('demo', () => {
  const demoKeys = [
    'scenario',
    'clockStart',
    'due',
    'recognisedAt',
    'verifiedAt',
    'preliminaryReportAt',
    'revokedAt',
    'publishedAt',
    'late',
    'certificates',
    'incidentReport',
    'console',
  ].sort();

  test('prints one line: four certificates that relying parties see as revoked, in time', async () => {
    const { code, out } = await rescind(['demo', '--exit', '--json']);
    const [answer, ...more] = jsonLines(out) as Answer[];
    expect(more).toEqual([]);
    expect(keys(answer)).toEqual(demoKeys);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ late: false, clockStart: '2024-08-31T17:49:00Z', due: '2024-09-01T17:49:00Z' });
    expect(answer?.certificates.map(keys)).toEqual(Array(4).fill(['crl', 'ocsp', 'reason', 'serial']));
    for (const certificate of answer?.certificates ?? [])
      expect(certificate).toMatchObject({ crl: 'revoked', ocsp: 'revoked', reason: 'keyCompromise' });
    for (const key of ['recognisedAt', 'verifiedAt', 'preliminaryReportAt', 'revokedAt', 'publishedAt'])
      expect(answer?.[key]).toMatch(/^2024-0[89]-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(answer?.incidentReport).toMatch(/^## Full Incident Report/);
  });

  test('with a CA that refuses it is late, says so, and the incident was opened before the limit passed', async () => {
    const { code, out, err } = await rescind(['demo', '--exit', '--json', '--fault', 'connector-down']);
    const [answer] = jsonLines(out) as Answer[];
    expect(code).toBe(1);
    expect(answer).toMatchObject({ late: true, revokedAt: null, publishedAt: null });
    expect(answer?.certificates.map((c: Answer) => [c.crl, c.ocsp, c.reason])).toEqual(
      Array(4).fill(['good', 'good', null]),
    );
    const openedAt = /The incident was opened at (\S+Z)\./.exec(err)?.[1];
    expect(openedAt !== undefined && openedAt < (answer?.due as string)).toBe(true);
  });

  test('with one key that is another’s, three certificates are revoked and one claim is refuted', async () => {
    const { code, out, err } = await rescind(['demo', '--exit', '--json', '--fault', 'wrong-key']);
    const [answer] = jsonLines(out) as Answer[];
    expect(code).toBe(0);
    expect(answer?.certificates.map((c: Answer) => c.crl)).toEqual(['revoked', 'revoked', 'revoked', 'good']);
    expect(answer?.certificates.map((c: Answer) => c.ocsp)).toEqual(['revoked', 'revoked', 'revoked', 'good']);
    expect(err).toMatch(/P4\.pem proves nothing: .*does not verify under that key/);
  });
});

describe('triage', () => {
  const triageKeys =
    'file label report action deadlineHours receivedAt clockStart route language score artifacts because problem'.split(
      ' ',
    );
  const artifactKeys =
    'fingerprintsSha256 serials derivedFingerprintsSha256 derivedSerials crtshIds spkiSha256 domains urls hasPrivateKey hasCertificate hasCsr'.split(
      ' ',
    );

  test('one line a message, every key always there, `file` as it was typed', async () => {
    const files = [`${corpus}/020-fermat.eml`, `./${corpus}/001-renewal-invoice.eml`];
    const { code, out } = await rescind(['triage', ...files, '--json']);
    expect(code).toBe(0);
    const lines = jsonLines(out) as Answer[];
    expect(lines.map((l) => l.file)).toEqual(files);
    for (const line of lines) {
      expect(keys(line)).toEqual(expect.arrayContaining(triageKeys));
      expect(keys(line.artifacts)).toEqual([...artifactKeys].sort());
    }
    expect(lines[0]).toMatchObject({ label: 'weak-key', report: true, action: 'open-case', deadlineHours: 24 });
    expect(lines[1]).toMatchObject({ label: 'not-a-report', report: false, deadlineHours: null });
  });

  test('a message that cannot be read is a line; a path that cannot be opened is exit 2 and one clear sentence', async () => {
    const odd = await place.file(
      'odd.eml',
      new Uint8Array(2_000).map((_, i) => (i * 37) % 256),
    );
    const unreadable = await rescind(['triage', odd, '--json']);
    expect(unreadable.code).toBe(0);
    expect(jsonLines(unreadable.out)).toHaveLength(1);
    const missing = await rescind(['triage', `${place.folder}/none.eml`, '--json']);
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(missing.err.trim().split('\n')).toEqual([expect.stringMatching(/^rescind: .*none\.eml/)]);
    const found = await rescind(['triage', `${corpus}/020-fermat.eml`, '--json', '--fail-on-finding']);
    expect(found.code).toBe(1);
  });
});

describe('evidence check', () => {
  test('a private key proves itself; a file without a key gives a line; a missing one is exit 2', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = await place.file('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const none = await place.file('none.txt', 'nothing here');
    const { code, out } = await rescind(['evidence', 'check', key, none, '--json']);
    expect(code).toBe(0);
    const [proven, empty] = jsonLines(out) as Answer[];
    expect(keys(proven)).toEqual(
      ['bits', 'because', 'file', 'findings', 'form', 'keyType', 'matches', 'spkiSha256', 'verdict'].sort(),
    );
    expect(proven).toMatchObject({ verdict: 'proven-key', keyType: 'ec', bits: 256, matches: [] });
    expect(empty).toMatchObject({ file: none, form: null, verdict: null });
    expect((await rescind(['evidence', 'check', `${place.folder}/missing.pem`])).code).toBe(2);
    expect((await rescind(['evidence', 'check', key, '--json', '--fail-on-finding'])).code).toBe(1);
  });
});

describe('scenario run', () => {
  const base = {
    schema: 'revocation-desk/scenario@2',
    id: 'unknown-things',
    fixtures: [{ ref: 'K1', build: 'key', type: 'p256' }],
    events: [{ seq: 1, at: '2026-01-01T00:00:00Z', channel: 'email', feed: true, text: 'hello', data: {} }],
  };
  const event = base.events[0];
  test.each([
    ['build', 'quantum-leaf', { ...base, fixtures: [{ ref: 'Q', build: 'quantum-leaf' }] }],
    ['channel', 'pigeon', { ...base, events: [{ ...event, channel: 'pigeon' }] }],
    [
      'fault',
      'coffee-machine',
      {
        ...base,
        events: [{ ...event, channel: 'ca-system', data: { fault: { component: 'coffee-machine', mode: 'silent' } } }],
      },
    ],
    [
      'fault mode',
      'sulks',
      {
        ...base,
        events: [{ ...event, channel: 'ca-system', data: { fault: { component: 'triage', mode: 'sulks' } } }],
      },
    ],
    ['ref', 'C9', { ...base, events: [{ ...event, text: 'about {{C9.serial}}' }] }],
  ])('an unknown %s is exit 2 and one line with its name', async (_, name, content) => {
    const file = await place.file(`unknown-${name}.json`, JSON.stringify(content));
    const { code, out, err } = await rescind(['scenario', 'run', file, '--json']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(name)]);
  });

  test('a check that does not hold is exit 1 and a line all the same', async () => {
    const file = await place.file(
      'wrong.json',
      JSON.stringify({
        ...base,
        id: 'wrong',
        events: [{ ...event, text: 'Subject: lunch\n\nSee you at noon?', data: { from: 'ann@friend.example' } }],
        expected: { caseCount: 7 },
      }),
    );
    const { code, out } = await rescind(['scenario', 'run', file, '--json']);
    expect(code).toBe(1);
    expect((jsonLines(out) as Answer[])[0]?.checks).toEqual([
      expect.objectContaining({ name: 'caseCount', ok: false }),
    ]);
  });

  test('a file that is none, or no JSON, is exit 2', async () => {
    expect((await rescind(['scenario', 'run', `${place.folder}/none.json`])).code).toBe(2);
    expect((await rescind(['scenario', 'run', await place.file('no.json', '{')])).code).toBe(2);
  });
});

describe('config check', () => {
  test('says what is wrong and where, with a stable shape', async () => {
    const good = await rescind(['config', 'check', config, '--json']);
    expect(good.code).toBe(0);
    expect(jsonLines(good.out)).toEqual([{ ok: true, problems: [] }]);
    const odd = await place.file('odd.yaml', 'smtp:\n  port: 99999\ncolour: blue\n');
    const bad = await rescind(['config', 'check', odd, '--json']);
    expect(bad.code).toBe(1);
    const [answer] = jsonLines(bad.out) as Answer[];
    expect(answer?.ok).toBe(false);
    expect(answer?.problems.map(keys)).toEqual([
      ['message', 'path'],
      ['message', 'path'],
    ]);
    expect(answer?.problems).toEqual(expect.arrayContaining([expect.objectContaining({ path: 'smtp.port' })]));
    expect((await rescind(['config', 'check', `${place.folder}/none.yaml`])).code).toBe(2);
  });

  test('a file that is not YAML is named by line', async () => {
    const broken = await place.file('broken.yaml', 'smtp:\n  port: [1\nhttp: {');
    const { code, out } = await rescind(['config', 'check', broken, '--json']);
    expect(code).toBe(1);
    expect((jsonLines(out) as Answer[])[0]?.problems[0].message).toMatch(/^Line \d+: /);
  });

  test('a policy that would lengthen a limit is a problem of the file', async () => {
    const longer = await place.file('longer.yaml', 'policy:\n  overlay:\n    silenceSeconds: 172800\n');
    const { code, out } = await rescind(['config', 'check', longer, '--json']);
    expect(code).toBe(1);
    expect((jsonLines(out) as Answer[])[0]?.problems[0].path).toMatch(/^policy/);
  });
});

test('doctor names each thing it looked at', async () => {
  const { out } = await rescind(['--config', config, 'doctor', '--json']);
  const [answer] = jsonLines(out) as Answer[];
  expect(keys(answer)).toEqual(['checks', 'ok']);
  expect(answer?.checks.map(keys)).toEqual(answer?.checks.map(() => ['message', 'name', 'ok']));
  expect(answer?.checks.find((c: Answer) => c.name === 'database')).toMatchObject({ ok: true });
});

test('a fresh desk has an empty log that verifies, and no case to write about', async () => {
  const audit = await rescind(['--config', config, 'audit', 'verify', '--json']);
  expect(audit.code).toBe(0);
  expect(keys(jsonLines(audit.out)[0])).toEqual(['leaf', 'ok', 'problem', 'root', 'size']);
  expect(jsonLines(audit.out)[0]).toMatchObject({ ok: true, size: 0, leaf: null, problem: null });
  const draft = await rescind(['--config', config, 'incident', 'draft', 'case-none', '--json']);
  expect(draft).toMatchObject({ code: 2, out: '' });
});

describe('what cannot start says why, in one sentence with a stable code', () => {
  test('a broken configuration file', async () => {
    const broken = await place.file('no.yaml', 'smtp: 3\n');
    const { code, out, err } = await rescind(['serve', '--config', broken]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('[config_invalid]');
    expect(err).toContain('smtp: ');
  });

  test('a port in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const file = await place.file(
      'port.yaml',
      JSON.stringify({
        dataFolder: `${place.folder}/data`,
        databaseUrl: database.url,
        labCa: { port: 0 },
        smtp: { port },
        http: { port: 0 },
      }),
    );
    const { code, err } = await rescind(['serve', '--config', file]);
    other.close();
    expect(code).toBe(1);
    expect(err.trim().split('\n').at(-1)).toMatch(/^rescind: .*in use.*\[port_in_use\]$/);
  });

  test('a database that is down at start', async () => {
    const { code, err } = await rescind(['--config', config, 'audit', 'verify'], {
      env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' },
    });
    expect(code).toBe(1);
    expect(err.trim().split('\n').at(-1)).toMatch(/^rescind: .*\[database_unavailable\]$|^rescind: .*database/);
  });

  test('an unknown command or option is bad usage', async () => {
    expect((await rescind(['revoke-everything'])).code).toBe(2);
    expect((await rescind(['demo', '--fault', 'gremlins'])).code).toBe(2);
  });
});

describe('a reader of the output who leaves', () => {
  const piped = (command: string) =>
    promisify(execFile)('/bin/sh', ['-c', `"$0" src/main/rescind.ts ${command} | head -1`, process.execPath]);

  test('ends the command without a word', async () => {
    const { stdout, stderr } = await piped(`triage --json ${corpus}`);
    expect(jsonLines(stdout)).toHaveLength(1);
    expect(stderr).toBe('');
  });
});
