/** Secrets stand in a file or an environment variable, never in the configuration itself. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '../../foundation/fault.ts';

export const secretRef = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
]);
export type SecretRef = z.output<typeof secretRef>;

const secretBytesMax = 256 * 1024;

/** Without the line end that editors add. Throws a Fault that names where it looked, never what it found. */
export async function readSecret(ref: SecretRef): Promise<string> {
  if ('env' in ref) {
    const value = process.env[ref.env];
    if (value === undefined || value === '')
      throw new Fault('secret_missing', `The environment variable ${ref.env} is not set.`);
    return value;
  }
  let text: string;
  try {
    text = await readFile(ref.file, 'utf8');
  } catch (cause) {
    throw new Fault('secret_missing', `The secret file ${ref.file} cannot be read.`, { cause });
  }
  if (text.length > secretBytesMax) throw new Fault('secret_missing', `The secret file ${ref.file} is too large.`);
  return text.replace(/\r?\n$/, '');
}

/** Client certificate and trust for TLS to a CA. */
export const tlsSettings = z
  .strictObject({
    caFile: secretRef.optional(),
    certificate: secretRef.optional(),
    key: secretRef.optional(),
    serverName: z.string().optional(),
  })
  .default({});

export async function readTls(settings: z.output<typeof tlsSettings>) {
  return {
    ...(settings.caFile === undefined ? {} : { ca: await readSecret(settings.caFile) }),
    ...(settings.certificate === undefined ? {} : { certificate: await readSecret(settings.certificate) }),
    ...(settings.key === undefined ? {} : { key: await readSecret(settings.key) }),
    ...(settings.serverName === undefined ? {} : { serverName: settings.serverName }),
  };
}
