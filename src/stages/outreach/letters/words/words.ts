/**
 * What one language has to say. Every sentence of every letter is a field here, so a language with a sentence missing
 * does not compile. Sentences are short and say what happens by itself; none asks for what we do not need.
 */
import type { Verdict } from '../../../../desk/facts.ts';
import type { TriggerKind } from '../../../../desk/policy/rule.ts';

export interface Words {
  readonly language: string;
  readonly hello: string;
  readonly desk: string;
  /** Day and night; the telephone may be missing. */
  readonly reach: (address: string, phone: string | null) => string;
  readonly written: (at: string, caseId: string) => string;
  readonly inTime: (length: string) => string;
  readonly ago: (length: string) => string;
  readonly atOnce: string;
  readonly rule: (document: string, section: string) => string;
  readonly certificates: (count: number) => string;
  readonly certificateLine: (serial: string, name: string, until: string) => string;
  readonly more: (count: number) => string;
  readonly reason: (name: string | null) => string;
  readonly happened: Readonly<Record<TriggerKind, string>>;
  readonly verdict: Readonly<Record<Verdict, string>>;
  /** Put before what happened while nobody has decided that it did. */
  readonly alleged: (what: string) => string;
  readonly checked: string;
  readonly concerned: (certificates: string) => string;
  readonly noneConcerned: string;
  /** How many certificates were searched, and up to when of issuance; null: not known. */
  readonly searched: (certificates: number, until: string | null) => string;
  readonly follow: string;
  readonly seenRevoked: (count: number, of: number, at: string) => string;

  readonly preliminary: {
    readonly subject: string;
    readonly opening: (received: string) => string;
    readonly notYetPlanned: (planned: string, due: string) => string;
    readonly notYetDecided: (due: string) => string;
    readonly notYetNoLimit: string;
    readonly closing: string;
  };
  readonly proof: {
    readonly subject: string;
    readonly opening: (received: string) => string;
    readonly how: string;
    readonly sign: string;
    readonly page: string;
    readonly closing: string;
  };
  readonly refutation: {
    readonly subject: string;
    readonly opening: (received: string) => string;
    readonly closing: string;
  };
  readonly final: {
    readonly subject: string;
    readonly opening: (received: string) => string;
    readonly notRevoked: (because: string) => string;
    readonly closing: string;
  };
  readonly refusal: {
    readonly subject: string;
    readonly asked: Readonly<Record<'more-time' | 'hold' | 'no-action', string>>;
    readonly noRoom: string;
    readonly limit: (due: string) => string;
    readonly closing: string;
  };
  readonly notice: {
    readonly subject: (certificates: string, due: string | null) => string;
    readonly opening: (certificates: string, received: string) => string;
    readonly byItself: (planned: string) => string;
    readonly undecided: (due: string) => string;
    readonly noLimit: string;
    readonly limit: (due: string) => string;
    readonly todo: string;
    readonly newKey: string;
    readonly acme: string;
    readonly silence: string;
    readonly answer: string;
  };
  readonly reminder: {
    readonly subject: (certificates: string, last: boolean) => string;
    readonly opening: (certificates: string, written: string, last: boolean) => string;
  };
  readonly finalSubscriber: {
    readonly subject: (certificates: string) => string;
    readonly closing: string;
    /** Before the link to the guide. */
    readonly guide: string;
  };
  /** Statements that something has been revoked, for checking what a person adds by hand. */
  readonly claimsRevocation: RegExp;
}
