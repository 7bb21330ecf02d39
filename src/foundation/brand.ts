declare const brand: unique symbol;
/** A string or number that must not be mixed with another of the same shape. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Lower-case hex without separators or leading zeros (a certificate's serial number; `0` for zero). */
export type Serial = Brand<string, 'Serial'>;
/** Lower-case hex SHA-256 of a whole DER certificate (or precertificate). */
export type Fingerprint = Brand<string, 'Fingerprint'>;
/** Lower-case hex SHA-256 of the *canonical* SubjectPublicKeyInfo (see `foundation/pki/spki.ts`). */
export type SpkiHash = Brand<string, 'SpkiHash'>;
export type CaseId = Brand<string, 'CaseId'>;
export type ReceiptId = Brand<string, 'ReceiptId'>;

/** Ends a `switch` over a union, so that a new member shows every place that has to think about it. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
