/**
 * Stretches from one mark to another, in one pass. A lazy expression (`<a>[\s\S]{1,40000}?</a>`) looks 40,000
 * characters ahead of every opening mark, so that a text of nothing but opening marks takes hours; here a mark that
 * opens again gives up the one before it, and no character is looked at for more than one of them.
 */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly open: RegExpExecArray;
  readonly close: RegExpExecArray;
}

/** Both expressions need the flag `g`. */
export function* between(text: string, opening: RegExp, closing: RegExp, charactersMax: number): Generator<Stretch> {
  const opens = new RegExp(opening);
  let open = opens.exec(text);
  while (open !== null) {
    const next = opens.exec(text);
    const from = open.index + open[0].length;
    const window = text.slice(from, Math.min(next?.index ?? text.length, from + charactersMax));
    const close = new RegExp(closing).exec(window);
    if (close !== null) yield { from: open.index, to: from + close.index + close[0].length, open, close };
    open = next;
  }
}
