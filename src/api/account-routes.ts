/** People, sessions, passkeys and tokens over HTTP; only where there is sign-in. */
import { rfc3339, type Time } from '../foundation/time/time.ts';
import type { Access, AccessManagement, Account, Visitor } from './access/access.ts';
import { has } from './authority.ts';
import type { DeskPort } from './port.ts';
import { notFound, ProblemError } from './problem.ts';
import type { On } from './routes.ts';

/** Acts that an export lists; the log has the rest, and the export says how many there are. */
const actsMax = 1_000;

export function addAccountRoutes(on: On, parts: { access: Access; desk: DeskPort; time: Time }): void {
  const { access, desk, time } = parts;
  const now = (): string => rfc3339(time.now());
  const noSignIn = () =>
    new ProblemError(409, 'no_sign_in', 'This desk runs without sign-in; there are no people to look after.');
  const manage = (): AccessManagement => {
    if (access.manage === undefined) throw noSignIn();
    return access.manage;
  };
  const account = (): Account => {
    if (access.account === undefined) throw noSignIn();
    return access.account;
  };

  on('getPeople', async () => ({ now: now(), rows: [...(await manage().people())] }));
  on('addPerson', ({ body, who }) => manage().addPerson(body, who));
  on('changePerson', async ({ path, body, who }) => {
    const person = await manage().changePerson(path('personId'), body, who);
    if (person === null) throw notFound('person');
    return { now: now(), person };
  });
  on('removePerson', async ({ path, body, who }) => ({
    now: now(),
    removed: await manage().removePerson(path('personId'), body.because, who),
  }));
  on('addPersonLink', async ({ path, body, who }) => {
    const made = await manage().addPersonLink(path('personId'), body.because, who);
    if (made === null) throw notFound('person');
    return made;
  });
  on('exportPerson', async ({ path, visitor }) => {
    const personId = path('personId');
    if (visitor.session?.personId !== personId && !has(visitor, 'audit'))
      throw new ProblemError(403, 'not_allowed', 'You can export what is kept about yourself, not about others.');
    const person = await manage().person(personId);
    if (person === null) throw notFound('person');
    return {
      now: now(),
      person,
      sessions: [...(await account().sessions(personId, null))],
      passkeys: [...(await account().passkeys(personId))],
      ...(await desk.actsOf(personId, actsMax)),
    };
  });

  on('getSessions', async ({ query, visitor }) => {
    const mine = sessionOf(visitor);
    if (query.of === 'everybody' && !has(visitor, 'audit'))
      throw new ProblemError(403, 'not_allowed', 'This needs the right "audit", which you do not have here.');
    const whose = query.of === 'everybody' ? null : mine.personId;
    return { now: now(), rows: [...(await account().sessions(whose, mine.sessionId))] };
  });
  on('endSession', async ({ path, visitor, who }) => {
    const whose = has(visitor, 'administer') ? null : sessionOf(visitor).personId;
    return { now: now(), removed: await account().endSession(path('sessionId'), whose, who) };
  });
  on('endOtherSessions', async ({ visitor, who }) => {
    const { personId, sessionId } = sessionOf(visitor);
    return { now: now(), removed: await account().endOtherSessions(personId, sessionId, who) };
  });
  on('getPasskeys', async ({ visitor }) => ({
    now: now(),
    rows: [...(await account().passkeys(sessionOf(visitor).personId))],
  }));
  on('askForPasskey', async ({ visitor }) => ({
    now: now(),
    options: await account().askForPasskey(sessionOf(visitor).personId),
  }));
  on('addPasskey', async ({ body, visitor }) => ({
    now: now(),
    passkey: await account().addPasskey(sessionOf(visitor), body),
  }));
  on('removePasskey', async ({ path, visitor }) => ({
    now: now(),
    removed: await account().removePasskey(sessionOf(visitor).personId, path('passkeyId')),
  }));

  on('getTokens', async () => ({ now: now(), rows: [...(await manage().tokens())] }));
  on('addToken', ({ body, who }) => manage().addToken(body, who));
  on('removeToken', async ({ path, who }) => ({
    now: now(),
    removed: await manage().removeToken(path('tokenId'), who),
  }));

  function sessionOf(visitor: Visitor): NonNullable<Visitor['session']> {
    if (access.account === undefined) throw noSignIn();
    if (visitor.session === null)
      throw new ProblemError(403, 'session_needed', 'This is about somebody in a browser; an API token has neither.');
    return visitor.session;
  }
}
