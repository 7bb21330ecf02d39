/**
 * What a person or a report may type to name a certificate. One string often has several readings (a string of 64 hex
 * digits is a fingerprint, a precertificate's, a key hash or key material), so every reading is asked and the answer
 * says which index matched.
 */
import type { Serial } from '../../foundation/brand.ts';
import type { Index, Inventory, Match, Query } from './inventory.ts';
import { indexes } from './inventory.ts';
import { normalizeName } from './names.ts';
import type { Watermark } from './watermark.ts';

/** Longer text names no certificate. */
export const queryCharactersMax = 2_048;

/** Lower-case hex without leading zeros. */
export function serialOf(hexDigits: string): Serial {
  return (hexDigits.toLowerCase().replace(/^0+(?=.)/, '') || '0') as Serial;
}

/** Every reading of a text, likeliest first; empty when it can name nothing. */
export function readQuery(text: string): readonly Query[] {
  const trimmed = text.trim().replace(/^["'<(]+|[>"')]+$/g, '');
  if (trimmed === '' || trimmed.length > queryCharactersMax || /\p{Cc}/u.test(trimmed)) return [];
  const link = crtshLink(trimmed);
  if (link !== null) return link;
  const pin = /^(?:pin-)?sha256[/=:]"?([A-Za-z0-9+/_-]{43})=?"?$/i.exec(trimmed);
  if (pin) return digest32(Buffer.from(pin[1]!, 'base64').toString('hex'));
  // A base64 SHA-256 always ends in one `=`; without it a 43-character word would be guesswork.
  if (/^[A-Za-z0-9+/_-]{43}=$/.test(trimmed)) return digest32(Buffer.from(trimmed, 'base64').toString('hex'));
  const certId = /^([A-Za-z0-9_-]{2,86})\.([A-Za-z0-9_-]{2,54})$/.exec(trimmed);
  const hexDigits = trimmed.replace(/^0x/i, '').replace(/[:\s-]/g, '');
  if (/^[0-9a-f]+$/i.test(hexDigits)) return numbers(hexDigits.toLowerCase(), trimmed);
  const names = domainReadings(trimmed);
  return certId && names.length > 0
    ? [...names, ...certIdReading(certId[1]!, certId[2]!)]
    : certId
      ? certIdReading(certId[1]!, certId[2]!)
      : names;
}

/** Asks every reading and joins what they found; the strongest index of each match first. */
export async function findAny(
  inventory: Pick<Inventory, 'find' | 'stats'>,
  text: string,
  limit = 1_000,
): Promise<{ readonly matches: readonly Match[]; readonly more: boolean; readonly watermark: Watermark }> {
  const joined = new Map<string, { match: Match; by: Set<Index> }>();
  let more = false;
  let watermark: Watermark | null = null;
  const answers = await Promise.all(readQuery(text).map((query) => inventory.find(query, { limit })));
  for (const answer of answers) {
    watermark = answer.watermark;
    more ||= answer.more;
    for (const match of answer.matches) {
      const known = joined.get(match.certificate.fingerprint);
      if (known === undefined) joined.set(match.certificate.fingerprint, { match, by: new Set(match.by) });
      else for (const index of match.by) known.by.add(index);
    }
  }
  const matches = [...joined.values()].map(({ match, by }) => ({
    ...match,
    by: indexes.filter((index) => by.has(index)),
  }));
  return {
    matches: matches.slice(0, limit),
    more: more || matches.length > limit,
    watermark: watermark ?? (await inventory.stats()).watermark,
  };
}

function numbers(hexDigits: string, typed: string): readonly Query[] {
  if (hexDigits.length === 64) return digest32(hexDigits);
  const readings: Query[] = [];
  if (hexDigits.length === 40) {
    readings.push(
      { by: 'sha1', value: hexDigits },
      { by: 'spki-sha1', value: hexDigits },
      { by: 'subject-key-id', value: hexDigits },
    );
  }
  // RFC 5280 section 4.1.2.2: at most 20 octets, one more for the sign.
  if (hexDigits.length <= 42) readings.push({ by: 'serial', value: serialOf(hexDigits) });
  if (/^\d{1,49}$/.test(typed)) {
    const decimal = serialOf(BigInt(typed).toString(16));
    if (!readings.some((reading) => reading.by === 'serial' && reading.value === decimal)) {
      readings.push({ by: 'serial', value: decimal });
    }
    if (typed.length <= 12) readings.push({ by: 'crtsh', value: typed });
  }
  return readings;
}

function digest32(hexDigits: string): readonly Query[] {
  return (['fingerprint', 'precertificate', 'spki', 'spki-exact', 'key-material'] as const).map((by) => ({
    by,
    value: hexDigits.toLowerCase(),
  }));
}

/** Parameters of crt.sh that name a certificate or key; `q` stands for several and is read like typed text. */
function crtshLink(text: string): readonly Query[] | null {
  const found = /^(?:https?:\/\/)?(?:www\.)?crt\.sh\/?\?(.*)$/i.exec(text);
  if (!found) return null;
  const parameters = new URLSearchParams(found[1]);
  for (const [name, value] of parameters) {
    const clean = value.replace(/[:\s]/g, '').toLowerCase();
    switch (name.toLowerCase()) {
      case 'id':
        return /^\d{1,12}$/.test(clean) ? [{ by: 'crtsh', value: clean }] : [];
      case 'sha256':
        return [
          { by: 'fingerprint', value: clean },
          { by: 'precertificate', value: clean },
        ];
      case 'sha1':
        return [{ by: 'sha1', value: clean }];
      case 'serial':
        return [{ by: 'serial', value: serialOf(clean) }];
      case 'ski':
        return [{ by: 'subject-key-id', value: clean }];
      case 'spkisha1':
        return [{ by: 'spki-sha1', value: clean }];
      case 'spkisha256':
        return [
          { by: 'spki', value: clean },
          { by: 'spki-exact', value: clean },
        ];
      case 'q':
      case 'identity':
      case 'dnsname':
        return readQuery(value.replaceAll('%', '*'));
    }
  }
  return [];
}

function domainReadings(text: string): readonly Query[] {
  let name = text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    try {
      name = new URL(name).hostname;
    } catch {
      return [];
    }
  }
  name = normalizeName(name.replace(/\/.*$/, '').replace(/:\d{1,5}$/, ''));
  if (name.includes('@')) return [{ by: 'name', value: name }];
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  if (bare === '' || /[\s/\\?#%:;'"]/.test(bare)) return [];
  return [{ by: 'domain', value: name }];
}

function certIdReading(aki: string, serial: string): readonly Query[] {
  return [
    {
      by: 'cert-id',
      authorityKeyId: Buffer.from(aki, 'base64url').toString('hex'),
      serial: serialOf(Buffer.from(serial, 'base64url').toString('hex')),
    },
  ];
}
