/** All recognisers over one message. Order of every list: as it stands in the message. */
import type { Artifacts } from '../../../desk/facts.ts';
import type { Message } from '../../../foundation/mail/message.ts';
import { identifierText } from './clean.ts';
import { findCrtshIds } from './crtsh.ts';
import { findHashes } from './hex.ts';
import { findHosts, findUrls, isCarrier, ownerOf } from './hosts.ts';
import { findObjects } from './objects.ts';
import { findSerials } from './serials.ts';

/** Characters of one message that are looked at; a longer one is cut, and says so. */
export const recogniseCharactersMax = 4_000_000;

/** A list of more hashes than this is a table, and tables break no lines. */
const brokenHashesMax = 100;

export interface ObjectFacts {
  readonly hasPrivateKey: boolean;
  readonly hasCertificate: boolean;
  readonly hasCsr: boolean;
  readonly derivedFingerprintsSha256: readonly string[];
  readonly derivedSerials: readonly string[];
  /** Names in the certificates and requests enclosed. */
  readonly derivedNames?: readonly string[];
}

export interface Recognised {
  readonly artifacts: Artifacts;
  /** Hosts the writer names in running text, and those only in links to a site; triage narrows them by the label. */
  readonly hostsInText: readonly string[];
  readonly hostsInLinks: readonly string[];
}

export function recognise(message: Message, objects: ObjectFacts | null): Recognised {
  const parts = [message.subject, ...message.texts.map((block) => block.text)];
  let budget = recogniseCharactersMax;
  const texts: string[] = [];
  for (const part of parts) {
    if (budget <= 0) break;
    texts.push(identifierText(withoutArmour(part.slice(0, budget))));
    budget -= part.length;
  }
  const links = message.links.map((link) => identifierText(link));

  const fingerprints = new Set<string>();
  const spki = new Set<string>();
  const serials = new Set<string>();
  /** Half of a hash that was broken over two lines looks like a serial number. */
  const hashes: string[] = [];
  const crtshIds = new Set<string>();
  const urls = new Map<string, string>();
  const hostsInText = new Set<string>();
  for (const text of [...texts, ...links]) {
    for (const hash of findHashes(text)) {
      if (hashes.length < brokenHashesMax) hashes.push(hash.value);
      if (hash.kind === 'fingerprint') fingerprints.add(hash.value);
      if (hash.kind === 'spki') spki.add(hash.value);
    }
    for (const id of findCrtshIds(text)) crtshIds.add(id);
    for (const found of findUrls(text)) urls.set(found.url, found.host);
  }
  for (const text of texts) {
    for (const { value } of findSerials(text)) if (!hashes.some((hash) => hash.includes(value))) serials.add(value);
    for (const host of findHosts(text)) hostsInText.add(host);
  }
  for (const value of spki) fingerprints.delete(value);

  const own = objects ?? {
    ...findObjects(
      message.texts.map((block) => block.text),
      message.attachments.map((one) => one.bytes),
    ),
    derivedFingerprintsSha256: [],
    derivedSerials: [],
  };
  const senders = new Set([...message.from, ...message.replyTo].map((one) => ownerOf(one.address.split('@')[1] ?? '')));
  const hostsInLinks = [...new Set(urls.values())].filter(
    (host) => !isCarrier(host) && !senders.has(ownerOf(host)) && !/^[\d.:[\]]+$/.test(host),
  );
  return {
    artifacts: {
      fingerprintsSha256: [...fingerprints],
      serials: [...serials],
      crtshIds: [...crtshIds],
      spkiSha256: [...spki],
      domains: [],
      urls: [...urls.keys()],
      hasPrivateKey: own.hasPrivateKey,
      hasCertificate: own.hasCertificate,
      hasCsr: own.hasCsr,
      derivedFingerprintsSha256: own.derivedFingerprintsSha256,
      derivedSerials: own.derivedSerials,
    },
    hostsInText: [...hostsInText].filter((host) => !isCarrier(host)),
    hostsInLinks,
  };
}

/** Armoured blocks hold no identifiers, only base64 that looks like some. */
function withoutArmour(text: string): string {
  if (!text.includes('-----BEGIN')) return text;
  return text.replace(/-----BEGIN ([A-Z0-9 ]{1,60})-----[\s\S]{0,400000}?-----END \1-----/g, ' ');
}
