/**
 * What one message may cost. Everything below is linear in the bytes of the message; these limits keep "linear" from
 * meaning "the whole morning". A limit that is reached is said in `Message.problems`, never passed over in silence,
 * and the sealed raw bytes are still there for a person.
 */
export const MESSAGE_BYTES_MAX = 128 * 1024 * 1024;
/** Leaves and containers of the MIME tree, nested messages included. */
export const PARTS_MAX = 5_000;
/** Nesting of multipart and message/rfc822 together. Three hundred levels are a nuisance that exists. */
export const DEPTH_MAX = 1_000;
/** Messages inside messages that have to be decoded before they can be read (base64, TNEF, S/MIME, .msg). */
export const UNWRAP_DEPTH_MAX = 12;
export const HEADER_BYTES_MAX = 4 * 1024 * 1024;
export const HEADER_FIELDS_MAX = 20_000;
/** Longest header value that is looked at as addresses, ids or words; longer ones are cut. */
export const HEADER_VALUE_MAX = 256 * 1024;
export const ADDRESSES_MAX = 2_000;
export const REFERENCES_MAX = 500;
export const RECEIVED_MAX = 200;
/** Characters of running text kept per part, and per message. */
export const TEXT_CHARS_MAX = 4 * 1024 * 1024;
export const TEXT_BLOCKS_MAX = 10_000;
/** Characters of HTML converted per part. */
export const HTML_CHARS_MAX = 4 * 1024 * 1024;
export const LINKS_MAX = 50_000;
export const INNER_MESSAGES_MAX = 500;
/** Bytes that unwrapping (base64 inside base64, TNEF, S/MIME, decryption) may produce beyond the message itself. */
export const UNWRAPPED_BYTES_MAX = 256 * 1024 * 1024;

/** Counts down while one message is read; shared by everything that unwraps. */
export interface Budget {
  parts: number;
  bytes: number;
  texts: number;
}

export function newBudget(): Budget {
  return { parts: PARTS_MAX, bytes: UNWRAPPED_BYTES_MAX, texts: TEXT_CHARS_MAX * 2 };
}
