/** Who may do what over HTTP. The desk itself checks what a case allows and how many people an act needs. */
import type { Visitor } from './access/access.ts';
import type * as c from './contract/index.ts';
import type { Principal } from './port.ts';
import { ProblemError } from './problem.ts';

/** Acts that carry a person's name into the record: a program cannot approve, hold or conclude. */
export const personActs: ReadonlySet<c.CaseCommand['do']> = new Set([
  'approve',
  'close-matter',
  'dismiss',
  'hold',
  'release',
  'schedule',
  'first-known',
]);

/** Acts about revoking or not revoking belong to those who answer for it; the other teams hand the case over. */
const deciders: readonly c.Team[] = ['pki-team', 'compliance'];
const decidersActs: ReadonlySet<c.CaseCommand['do']> = new Set([
  'approve',
  'close-matter',
  'hold',
  'release',
  'schedule',
]);

export function mustBePerson(who: Principal): void {
  if (!who.id.startsWith('person:'))
    throw new ProblemError(403, 'person_needed', 'This is the act of a named person; an API token cannot do it.');
}

/** A person acts for a team they are in. */
export function mustBeTheirs(who: Principal, command: c.CaseCommand): void {
  if (!who.id.startsWith('person:')) return;
  if (decidersActs.has(command.do) && !who.teams.some((team) => deciders.includes(team)))
    throw new ProblemError(403, 'not_your_team', 'The PKI team or compliance decides this. Hand the case to them.');
  if (command.do === 'take' && !who.teams.includes(command.team))
    throw new ProblemError(403, 'not_your_team', 'You take a case for a team that you are in.');
}

/** A session acts only with its CSRF token; an API token is never sent by a browser on its own and needs none. */
export function mustHave(visitor: Visitor, scope: c.Scope | 'self', method: string, request: Request): void {
  if (visitor.principal === null)
    throw new ProblemError(401, 'not_signed_in', 'Sign in, or send an API token.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  if (scope !== 'self' && !visitor.scopes.has(scope))
    throw new ProblemError(403, 'not_allowed', `This needs the right "${scope}", which you do not have here.`);
  if (method !== 'GET' && visitor.csrf !== null && request.headers.get('x-csrf-token') !== visitor.csrf)
    throw new ProblemError(403, 'csrf', 'The page is out of date. Reload it and try again.');
}

export function has(visitor: Visitor, scope: c.Scope): boolean {
  return visitor.scopes.has(scope);
}
