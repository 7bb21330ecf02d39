/**
 * Pass phrases: the ones given, the ones written in the report ("the password is …"), none at all, and the published
 * list. Tries are counted and their processor time is bounded; what stays locked is said, never dropped.
 */
import type { Locked, Opened } from '../extract/found.ts';
import { PASSPHRASE_CPU_MILLISECONDS_MAX, PASSPHRASE_TRIES_MAX } from '../extract/limits.ts';

const CANDIDATES_MAX = 60;
const WORD =
  /(?:pass[\s-]?(?:phrase|word|code)|passwd|pwd|pw|passwort|kennwort|mot de passe|contrase(?:ñ|n)a|clave|senha|parola|has(?:ł|l)o|wachtwoord|l(?:ö|o)senord|\bpin\b|пароль|密码|密碼|パスワード|パスフレーズ|비밀번호|şifre|parola)/giu;

/** Likely pass phrases in running text, most likely first. */
export function passphrasesIn(texts: readonly string[]): string[] {
  const candidates = new Set<string>();
  const add = (value: string | undefined) => {
    const phrase = value?.trim();
    if (phrase !== undefined && phrase !== '' && phrase.length <= 128 && candidates.size < CANDIDATES_MAX)
      candidates.add(phrase);
  };
  for (const text of texts) {
    for (const match of text.matchAll(WORD)) {
      const rest = text.slice(match.index + match[0].length, match.index + match[0].length + 240);
      const line = /^[^\n]*(?:\n[ \t]*[^\n]+)?/.exec(rest)?.[0] ?? '';
      for (const quoted of line.matchAll(/["'“”„«»`‘’](.{1,128}?)["'“”„«»`‘’]/g)) add(quoted[1]);
      const after =
        /^[^\n:=]{0,60}?(?:\b(?:is|was|ist|lautet|war|est|es|è|é|:|=)(?:\s|:)+|[:=]\s*)([^\n]{1,128})/iu.exec(
          rest,
        )?.[1];
      if (after !== undefined) {
        add(after);
        add(after.replace(/[\s.,;!)\]]+$/, ''));
        add(/^\S+/.exec(after)?.[0].replace(/[.,;!)\]]+$/, ''));
        add(/^\S+/.exec(after)?.[0]);
        // "… is correct horse battery staple. It opens …"
        add(/^[^.,;(]{1,128}/.exec(after)?.[0]);
      }
      add(/^[\s:=]*(\S+)/.exec(rest)?.[1]?.replace(/[.,;!]+$/, ''));
    }
  }
  return [...candidates];
}

/** Shared by all locked things of one report. */
export class Tries {
  private left = PASSPHRASE_TRIES_MAX * 4;
  private readonly cpuStart = process.cpuUsage();
  /** Pass phrases that opened something; they are tried first on the next one and redacted from the message. */
  readonly worked = new Set<string>();

  open(
    open: (passphrase: string) => Opened | Locked,
    given: readonly string[],
    listed: readonly string[],
  ): Opened | Locked {
    let reason: Locked = 'wrong-passphrase';
    const tried = new Set<string>();
    for (const phrase of [...this.worked, ...given, '', ...listed]) {
      if (tried.has(phrase)) continue;
      if (tried.size >= PASSPHRASE_TRIES_MAX || this.left-- <= 0 || this.isSpent()) break;
      tried.add(phrase);
      const result = open(phrase);
      if (typeof result !== 'string') {
        if (phrase !== '' && !listed.includes(phrase)) this.worked.add(phrase);
        return result;
      }
      if (result !== 'wrong-passphrase') return result;
      reason = result;
    }
    return reason;
  }

  private isSpent(): boolean {
    const used = process.cpuUsage(this.cpuStart);
    return (used.user + used.system) / 1000 > PASSPHRASE_CPU_MILLISECONDS_MAX;
  }
}
