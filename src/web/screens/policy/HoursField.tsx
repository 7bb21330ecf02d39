import { useId, useState } from 'react';
import { hours, readHours } from './draft.ts';

/** Hours and minutes as people write them, `6:30`; outside its bounds it says so and changes nothing. */
export function HoursField(props: {
  words: string;
  says?: string;
  bare?: boolean;
  seconds: number;
  before: number;
  min?: number;
  max: number;
  change: (seconds: number) => void;
}) {
  const { words, says, bare, seconds, before, min = 60, max, change } = props;
  const [text, setText] = useState<string | null>(null);
  const problemId = useId();
  const read = text === null ? seconds : readHours(text);
  const problem =
    read === null ? 'Like 6:30.' : read > max ? `At most ${hours(max)}.` : read < min ? `At least ${hours(min)}.` : null;
  return (
    <label className={bare === true ? 'hours bare' : 'hours'}>
      <span className={bare === true ? 'visually-hidden' : 'strong'}>{words}</span>
      <span>
        <input
          className="mono"
          inputMode="numeric"
          size={6}
          value={text ?? hours(seconds)}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : problemId}
          onChange={(event) => {
            const value = event.currentTarget.value;
            setText(value);
            const asked = readHours(value);
            if (asked !== null && asked <= max && asked >= min) change(asked);
          }}
          onBlur={() => setText(null)}
        />
        {seconds !== before && problem === null && <span className="small soft"> was {hours(before)}</span>}
        {problem !== null && (
          <span id={problemId} className="small problem">
            {' '}
            {problem}
          </span>
        )}
        {problem === null && seconds === before && says !== undefined && <span className="small faint"> {says}</span>}
      </span>
    </label>
  );
}
