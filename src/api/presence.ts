/**
 * Who looks at which case. Kept in memory and forgotten after half a minute of silence: it warns people, it decides
 * nothing; what two people do at once is settled by `If-Match` and the desk.
 */
import { hasCome, type Instant, rfc3339 } from '../foundation/time/time.ts';
import type * as c from './contract/index.ts';
import type { Principal } from './port.ts';

const forgottenAfter = Temporal.Duration.from({ seconds: 30 });
const casesMax = 5000;
const peopleMax = 50;

interface Here {
  readonly name: string;
  readonly since: Instant;
  readonly until: Instant;
  readonly acting: boolean;
}

export class PresenceBook {
  readonly #cases = new Map<string, Map<string, Here>>();

  look(caseId: string, who: Principal, said: c.PresenceIn, now: Instant): c.Presence {
    const people = this.#cases.get(caseId) ?? new Map<string, Here>();
    for (const [id, here] of people) if (hasCome(here.until, now)) people.delete(id);
    const before = people.get(who.id);
    if (said.leaving) people.delete(who.id);
    else if (before !== undefined || people.size < peopleMax)
      people.set(who.id, {
        name: who.name,
        since: before?.since ?? now,
        until: now.add(forgottenAfter),
        acting: said.acting,
      });
    if (people.size === 0) this.#cases.delete(caseId);
    else if (this.#cases.has(caseId) || this.#cases.size < casesMax) this.#cases.set(caseId, people);
    return {
      now: rfc3339(now),
      others: [...people]
        .filter(([id]) => id !== who.id)
        .map(([person, { name, since, acting }]) => ({ person, name, since: rfc3339(since), acting })),
    };
  }
}
