/** Bounds on what is looked for in one message, and on what a key may ask of us before OpenSSL sees it. */

/** DER of one key (RSA-16384 with eight primes is below 20 KB). */
export const KEY_DER_BYTES_MAX = 64 * 1024;
export const MODULUS_BITS_MAX = 16_384;
export const EXPONENT_BITS_MAX = 512;
export const PRIMES_MAX = 8;
/** Between the markers of one armoured block. */
export const ARMOUR_CHARACTERS_MAX = 128 * 1024;
/** Key-like things taken from one text or file; a bulk report holds thousands. */
export const FOUND_MAX = 20_000;
/** A text longer than this is scanned up to here. */
export const TEXT_CHARACTERS_MAX = 16 * 1024 * 1024;

/** What a password-based scheme may cost per try. Read from the file before any of it is run. */
export const PBKDF2_ITERATIONS_MAX = 1_000_000;
export const PKCS12_ITERATIONS_MAX = 1_000_000;
export const KDF_MEMORY_BYTES_MAX = 64 * 1024 * 1024;
export const BCRYPT_ROUNDS_MAX = 64;
export const ARGON2_PASSES_MAX = 64;
/** Tries per locked thing, and processor time for all tries of one report. */
export const PASSPHRASE_TRIES_MAX = 300;
export const PASSPHRASE_CPU_MILLISECONDS_MAX = 5_000;
