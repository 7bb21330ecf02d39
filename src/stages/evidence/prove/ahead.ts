/**
 * What can be said of a private key before the desk has answered which certificates are concerned: whether it proves
 * its own public key, and whether that key is weak. Done while the desk looks up; the signature is made on a thread of
 * its own, because it takes longer than all the rest.
 */
import type { ProofRecord } from '../../../desk/facts.ts';
import type { PrivateMaterial } from '../extract/found.ts';
import { checkKey, type WeakKeyResult } from '../weak/check-key.ts';
import type { KeyList } from '../weak/lists.ts';
import { provePossession, provePossessionAside, publicParts } from './possession.ts';
import type { ProofFacts } from './record.ts';

interface Done {
  readonly spki: Uint8Array;
  readonly proof: Promise<ProofRecord | null>;
  readonly weak: WeakKeyResult;
}

/** Results by key; a result counts only for the very encoding of the public key that it was made for. */
export class Ahead {
  private readonly done = new Map<PrivateMaterial, Done>();
  private readonly facts: () => ProofFacts;
  private readonly lists: readonly KeyList[];

  /** `facts` are made anew for each key, because each statement has a nonce of its own. */
  constructor(facts: () => ProofFacts, lists: readonly KeyList[]) {
    this.facts = facts;
    this.lists = lists;
  }

  run(key: PrivateMaterial): void {
    const { claimed, derived } = publicParts(key);
    const spki = claimed ?? derived;
    if (spki === null) return;
    this.done.set(key, {
      spki,
      proof: provePossessionAside(key, spki, this.facts()),
      weak: checkKey(spki, { lists: this.lists }),
    });
  }

  /**
   * Null when the key does not prove `spki`. The inventory's encoding is compared byte by byte with the one that was
   * signed for: only then has the signature been verified under the certificate's own key.
   */
  async proof(key: PrivateMaterial, spki: Uint8Array): Promise<ProofRecord | null> {
    const done = this.done.get(key);
    if (done !== undefined && Buffer.compare(done.spki, spki) === 0) return done.proof;
    return provePossession(key, spki, this.facts());
  }

  weak(key: PrivateMaterial, spki: Uint8Array): WeakKeyResult | null {
    const done = this.done.get(key);
    return done !== undefined && Buffer.compare(done.spki, spki) === 0 ? done.weak : null;
  }
}
