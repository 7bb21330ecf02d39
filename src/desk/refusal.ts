/** The desk says no. A value, not an exception: the caller shows `message` and keeps `code` stable. */
export interface Refusal {
  readonly refused: true;
  readonly code: string;
  readonly message: string;
}

export function refuse(code: string, message: string): Refusal {
  return { refused: true, code, message };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as Refusal).refused === true;
}
