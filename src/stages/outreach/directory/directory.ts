/**
 * Whom the desk can reach: subscribers with their contacts. Names and addresses are data of the CA's own account
 * system, mirrored here so that nobody has to look for a telephone number at 03:00.
 */
export interface Contact {
  readonly subscriber: string;
  readonly name: string;
  /** Mail addresses, the first one is written to first; lower case. */
  readonly addresses: readonly string[];
  readonly phone: string | null;
  /** ISO 639-1 */
  readonly language: string;
}

/**
 * Promise: what `put` was given is durable when it resolves; a later `put` for the same subscriber replaces it.
 * `byAddress` matches the whole address, lower case; it proves nothing about who sent a mail.
 */
export interface Directory {
  put(contacts: readonly Contact[]): Promise<void>;
  bySubscriber(subscribers: readonly string[]): Promise<readonly Contact[]>;
  byAddress(address: string): Promise<Contact | null>;
}
