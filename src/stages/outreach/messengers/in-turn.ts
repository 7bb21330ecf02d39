/** Runs `work` over all items, at most `inFlightMax` at a time; outcomes keep the order of the items. */
export async function inTurn<T, R>(
  items: readonly T[],
  inFlightMax: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const outcomes = new Array<R>(items.length);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) outcomes[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, items.length) }, lane));
  return outcomes;
}
