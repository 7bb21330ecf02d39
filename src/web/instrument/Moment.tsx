import { useNow } from '../link/server-time.ts';
import { localTime, relative, utc } from './time.ts';

/** One instant: UTC in sight, local time and ISO on hover, and relative where there is room for it. */
export function Moment(props: { at: string; seconds?: boolean; far?: boolean; zone?: boolean }) {
  const now = useNow();
  return (
    <time
      dateTime={props.at}
      title={`${props.at}\n${localTime(props.at)}\n${relative(Date.parse(props.at) - now)}`}
      className="nowrap"
    >
      {utc(props.at, now, props.seconds ?? false)}
      {props.zone === true && <span className="faint"> UTC</span>}
      {props.far === true && <span className="faint"> · {relative(Date.parse(props.at) - now)}</span>}
    </time>
  );
}
