/** Distinguished names (RFC 5280 section 4.1.2.4) as data and as RFC 4514 text. */
import { DerReader, der, hex, latin1, tag } from './der.ts';
import { oid } from './oids.ts';

export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** A name of more parts than this is an attack on the reader, not a name. */
export const nameAttributesMax = 256;

const shortNames: Readonly<Record<string, string>> = {
  [oid.commonName]: 'CN',
  [oid.country]: 'C',
  [oid.locality]: 'L',
  [oid.state]: 'ST',
  [oid.street]: 'STREET',
  [oid.organization]: 'O',
  [oid.organizationalUnit]: 'OU',
  [oid.domainComponent]: 'DC',
  [oid.userId]: 'UID',
  [oid.serialNumber]: 'serialNumber',
  [oid.emailAddress]: 'emailAddress',
  [oid.surname]: 'SN',
  [oid.givenName]: 'GN',
  [oid.title]: 'title',
  [oid.businessCategory]: 'businessCategory',
  [oid.postalCode]: 'postalCode',
  [oid.organizationIdentifier]: 'organizationIdentifier',
  [oid.jurisdictionCountry]: 'jurisdictionC',
};

/** RDNs in the order of the encoding, each a list of attributes. */
export function readName(name: Uint8Array): NameAttribute[][] {
  const rdns: NameAttribute[][] = [];
  const outer = new DerReader(name).enter(tag.sequence, 'Name');
  let count = 0;
  while (outer.more) {
    const rdn = outer.enter(tag.set, 'RelativeDistinguishedName');
    const attributes: NameAttribute[] = [];
    while (rdn.more) {
      const attribute = rdn.enter(tag.sequence, 'AttributeTypeAndValue');
      const type = attribute.oid('attribute type');
      const value = attribute.read();
      attributes.push({ type, value: directoryString(value.tag, attribute.content(value)) });
      if (++count > nameAttributesMax) return rdns;
    }
    rdns.push(attributes);
  }
  return rdns;
}

export function attributeValues(name: Uint8Array, type: string): string[] {
  return readName(name).flatMap((rdn) => rdn.filter((a) => a.type === type).map((a) => a.value));
}

/** RFC 4514: last RDN first, `+` inside a multi-valued RDN, special characters escaped. */
export function nameText(name: Uint8Array): string {
  return readName(name)
    .reverse()
    .map((rdn) => rdn.map((a) => `${shortNames[a.type] ?? a.type}=${escaped(a.value)}`).join('+'))
    .join(',');
}

/** One attribute per RDN, in the order given: country and serialNumber as PrintableString, the rest as UTF8String. */
export function writeName(attributes: readonly NameAttribute[]): Uint8Array {
  return der.sequence(
    ...attributes.map(({ type, value }) =>
      der.set(
        der.sequence(
          der.oid(type),
          type === oid.country || type === oid.serialNumber || type === oid.jurisdictionCountry
            ? der.printable(value)
            : type === oid.emailAddress || type === oid.domainComponent
              ? der.ia5(value)
              : der.utf8(value),
        ),
      ),
    ),
  );
}

/** Text of any of the ASN.1 string types met in names. */
export function directoryString(stringTag: number, content: Uint8Array): string {
  switch (stringTag) {
    case tag.utf8String:
      return Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8');
    case tag.bmpString: {
      const even = Buffer.from(content.subarray(0, content.length & ~1));
      return even.swap16().toString('utf16le');
    }
    case tag.universalString: {
      let text = '';
      for (let i = 0; i + 3 < content.length; i += 4) {
        const point = content[i]! * 0x1000000 + content[i + 1]! * 0x10000 + content[i + 2]! * 0x100 + content[i + 3]!;
        text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
      }
      return text;
    }
    case tag.printableString:
    case tag.ia5String:
    case tag.teletexString:
    case tag.visibleString:
    case tag.numericString:
      return latin1(content);
    default:
      return `#${hex(content)}`;
  }
}

function escaped(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/\p{Cc}/gu, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
