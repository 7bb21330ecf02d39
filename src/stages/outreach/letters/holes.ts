/** Paths of variables that are undefined, empty or no instant where one must be. Null means "there is none". */
export function holesIn(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === '' || (typeof value === 'number' && !Number.isFinite(value))) {
    return path.endsWith('.theirSubject') && value === '' ? [] : [path];
  }
  if (value === null || typeof value !== 'object' || value instanceof Temporal.Instant) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    // What was found may be an unnamed thing; a certificate may have no name.
    ['because', 'what', 'name'].includes(key) && inner === '' ? [] : holesIn(inner, `${path}.${key}`),
  );
}
