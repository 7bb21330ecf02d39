/**
 * A CA's own database or administration command. The desk runs it once per certificate with one JSON object on
 * standard input, every form of every name supplied, and reads the exit code:
 *   0 done, 10 already revoked, 20 waits for approval, 30 did not happen, try again; anything else: nobody knows.
 * On standard output it may print one JSON object: {"reason", "revokedAt", "reference", "message", "outcome"}; with a
 * failing exit code, {"outcome": "refused", "code", "message"} says that the CA said no.
 */
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { crlReasonNames } from '../../../foundation/pki/reasons.ts';
import { rfc3339 } from '../../../foundation/time/time.ts';
import { defineConnector, type RevocationOrder, type RevocationOutcome } from '../connector.ts';
import { already, codeOf, done } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { issuerKeyIdentifier, issuerOf, serialForms } from '../serial.ts';

const outputBytesMax = 64 * 1024;
const reasons = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;

const settings = z.strictObject({
  /** Program and arguments; no shell. */
  command: z.array(z.string().min(1)).min(1),
  /** Run after revocations to make the CA issue its CRL: exit code 0 is done. */
  publish: z.array(z.string().min(1)).min(1).optional(),
  /** Prints {"state": "good" | "revoked", "reason", "revokedAt"}. */
  look: z.array(z.string().min(1)).min(1).optional(),
  withinSeconds: z.number().min(1).max(600).default(60),
  /** 1 for a command that does not stand company, such as `openssl ca`. */
  parallel: z.int().min(1).max(64).default(1),
  reasons: z.array(z.enum(reasons)).default([...reasons]),
  raisesReason: z.boolean().default(false),
});

const said = z.object({
  outcome: z.enum(['refused']).optional().catch(undefined),
  code: z
    .enum(['not-authenticated', 'not-authorised', 'unknown-certificate', 'reason-not-supported', 'expired', 'rejected'])
    .optional()
    .catch(undefined),
  state: z.enum(['good', 'revoked']).optional().catch(undefined),
  reason: z.enum(crlReasonNames).nullable().optional().catch(undefined),
  revokedAt: z
    .string()
    .transform((text) => Temporal.Instant.from(text))
    .optional()
    .catch(undefined),
  reference: z.string().max(200).optional().catch(undefined),
  message: z.string().max(500).optional().catch(undefined),
});

interface Ran {
  readonly exit: number | null;
  readonly problem: 'not-started' | 'timeout' | 'too-much' | null;
  readonly said: z.output<typeof said>;
}

export const commandConnector = defineConnector({
  name: 'command',
  summary: "A CA's own command or database script: JSON on standard input, exit codes 0, 10, 20, 30.",
  settings,
  async open(given) {
    const run = (command: readonly string[], input: object) => runCommand(command, input, given.withinSeconds * 1000);
    return {
      name: 'command',
      abilities: {
        reasons: given.reasons,
        batchMax: 1,
        forcesCrl: given.publish !== undefined,
        raisesReason: given.raisesReason,
        needsCertificate: true,
        reads: given.look !== undefined,
      },
      revoke: (orders) =>
        inParallel(orders, given.parallel, async (order) => {
          if (!given.reasons.includes(order.reason)) {
            return {
              outcome: 'refused',
              code: 'reason-not-supported',
              message: 'The command does not take this reason.',
            };
          }
          return outcomeOf(await run(given.command, inputOf('revoke', order)));
        }),
      async publish(issuer) {
        if (given.publish === undefined) return { outcome: 'unsupported' };
        const parsed = issuerOf(issuer);
        const ran = await run(given.publish, {
          action: 'publish',
          issuerHash: issuer.issuerHash,
          issuer: parsed?.subject ?? null,
          issuerSki: parsed === null ? null : issuerKeyIdentifier(parsed),
        });
        if (ran.exit === 0) return { outcome: 'done' };
        if (ran.exit === 30 || ran.problem === 'not-started') return { outcome: 'retry', message: sentence(ran) };
        return { outcome: 'unknown', message: sentence(ran) };
      },
      async record(certificate) {
        if (given.look === undefined) return { state: 'unknown', message: 'No command to look is configured.' };
        const order = {
          certificate,
          reason: 'unspecified',
          invalidityAt: null,
          caseId: '',
          dueAt: null,
          idempotencyKey: '',
        } as const;
        const ran = await run(given.look, inputOf('look', order));
        if (ran.exit !== 0 || ran.said.state === undefined) return { state: 'unknown', message: sentence(ran) };
        if (ran.said.state === 'good') return { state: 'good' };
        return { state: 'revoked', reason: ran.said.reason ?? null, revokedAt: ran.said.revokedAt ?? null };
      },
      async close() {},
    };
  },
});

function inputOf(action: 'revoke' | 'look', order: RevocationOrder) {
  const { certificate } = order;
  const issuer = issuerOf(certificate);
  return {
    action,
    serial: serialForms.hex(certificate.serial),
    serialDecimal: serialForms.decimal(certificate.serial),
    serialColon: serialForms.colon(certificate.serial),
    issuer: issuer?.subject ?? null,
    issuerHash: certificate.issuerHash,
    issuerSki: issuer === null ? null : issuerKeyIdentifier(issuer),
    certificate: certificate.der === null ? null : Buffer.from(certificate.der).toString('base64'),
    issuerCertificate: certificate.issuer === null ? null : Buffer.from(certificate.issuer).toString('base64'),
    reason: order.reason,
    reasonCode: codeOf(order.reason),
    invalidityAt: order.invalidityAt === null ? null : rfc3339(order.invalidityAt),
    caseId: order.caseId,
    dueAt: order.dueAt === null ? null : rfc3339(order.dueAt),
    idempotencyKey: order.idempotencyKey,
  };
}

function outcomeOf(ran: Ran): RevocationOutcome {
  const { reason = null, revokedAt = null, reference = null } = ran.said;
  if (ran.problem === 'not-started') {
    return { outcome: 'retry', code: 'unreachable', message: sentence(ran), after: null };
  }
  switch (ran.exit) {
    case 0:
      return done(reason, revokedAt);
    case 10:
      return already(reason, revokedAt);
    case 20:
      return { outcome: 'pending-approval', reference, message: 'The CA waits for an approval.' };
    case 30:
      return { outcome: 'retry', code: 'busy', message: sentence(ran), after: null };
  }
  if (ran.exit !== null && ran.said.outcome === 'refused') {
    return { outcome: 'refused', code: ran.said.code ?? 'rejected', message: sentence(ran) };
  }
  return { outcome: 'unknown', code: ran.problem === 'timeout' ? 'timeout' : 'server-error', message: sentence(ran) };
}

function sentence(ran: Ran): string {
  if (ran.said.message !== undefined) return `The CA's command says: ${ran.said.message}`;
  if (ran.problem === 'not-started') return "The CA's command could not be started: check its path and permission.";
  if (ran.problem === 'timeout')
    return "The CA's command did not end in time and was stopped; what it did is not known.";
  if (ran.problem === 'too-much') return "The CA's command printed more than is read; what it did is not known.";
  return `The CA's command ended with exit code ${ran.exit ?? 'none'}.`;
}

function runCommand(command: readonly string[], input: object, withinMs: number): Promise<Ran> {
  return new Promise((resolve) => {
    const [program, ...rest] = command;
    // In a process group of its own: what the command started is stopped with it.
    const child = spawn(program!, rest, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    let output = '';
    let problem: Ran['problem'] = null;
    const stop = (why: NonNullable<Ran['problem']>) => {
      problem ??= why;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It ended by itself in the meantime.
      }
      // A grandchild that left the group may hold the pipe open; nobody waits for it.
      child.stdout.destroy();
    };
    const timer = setTimeout(() => stop('timeout'), withinMs);
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (part: string) => {
      output += part;
      if (output.length > outputBytesMax) stop('too-much');
    });
    child.on('error', () => {
      clearTimeout(timer);
      resolve({ exit: null, problem: 'not-started', said: {} });
    });
    child.on('close', (exit) => {
      clearTimeout(timer);
      resolve({ exit: problem === null ? exit : null, problem, said: readSaid(output) });
    });
    // A command that does not read its input breaks the pipe; its exit code tells the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(`${JSON.stringify(input)}\n`);
  });
}

function readSaid(output: string): z.output<typeof said> {
  for (const line of output.trim().split('\n').reverse()) {
    if (!line.startsWith('{')) continue;
    try {
      const read = said.safeParse(JSON.parse(line));
      return read.success ? read.data : {};
    } catch {
      return {};
    }
  }
  return {};
}
