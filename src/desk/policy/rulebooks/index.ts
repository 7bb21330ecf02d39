/** Every rulebook that binds the desk. A new document is a file beside these and a line here. */
import type { Rulebook } from '../rule.ts';
import { ccadbIrg, ccadbPolicy } from './ccadb.ts';
import { codeSigningBr } from './code-signing-br.ts';
import { deskDefaults } from './desk-defaults.ts';
import { microsoftTrp, mozillaRsp } from './root-programs.ts';
import { smimeBr } from './smime-br.ts';
import { tlsBr } from './tls-br.ts';

export const rulebooks: readonly Rulebook[] = [
  tlsBr,
  smimeBr,
  codeSigningBr,
  microsoftTrp,
  mozillaRsp,
  ccadbPolicy,
  ccadbIrg,
  deskDefaults,
];
