/**
 * Passkeys (WebAuthn Level 3). The library checks the cryptography; here is who may add one, which question it has to
 * answer, and that a question is answered once. User verification is required: a found device alone signs nobody in.
 */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { minutes, type Time } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import { ProblemError } from '../problem.ts';
import { presentPasskey } from './present.ts';
import { hashOf } from './secrets.ts';
import type { AccessStore, ChallengeRecord, PersonRecord } from './store.ts';

const answerWithin = minutes(5);
const passkeysMax = 20;

export interface Passkeys {
  ask(person: PersonRecord): Promise<Record<string, unknown>>;
  add(person: PersonRecord, wanted: c.PasskeyIn): Promise<c.Passkey>;
  askToSignIn(): Promise<Record<string, unknown>>;
  /** Whose passkey answered; throws a problem that tells a stranger nothing. */
  signIn(response: Record<string, unknown>): Promise<string>;
}

export function passkeys(options: {
  readonly store: AccessStore;
  readonly time: Time;
  readonly origin: string;
  readonly deskName: string;
}): Passkeys {
  const { store, time, origin, deskName } = options;
  const rpID = new URL(origin).hostname;

  const keep = async (challenge: string, purpose: ChallengeRecord['purpose'], personId: string | null) =>
    store.putChallenge({
      hash: hashOf(challenge),
      purpose,
      personId,
      data: '',
      lapsesAt: time.now().add(answerWithin),
    });
  const wasAsked = (purpose: ChallengeRecord['purpose'], personId: string | null) => async (challenge: string) => {
    const asked = await store.takeChallenge(hashOf(challenge), purpose, time.now());
    return asked !== null && asked.personId === personId;
  };

  return {
    async ask(person) {
      const own = await store.passkeys(person.personId);
      if (own.length >= passkeysMax)
        throw new ProblemError(
          409,
          'too_many_passkeys',
          `A person has at most ${passkeysMax} passkeys. Remove one first.`,
        );
      const asked = await generateRegistrationOptions({
        rpName: deskName,
        rpID,
        userName: person.email === '' ? person.name : person.email,
        userDisplayName: person.name,
        userID: new TextEncoder().encode(person.personId),
        excludeCredentials: own.map((p) => ({ id: p.credentialId, transports: [...p.transports] })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        attestationType: 'none',
        // ES256, EdDSA, RS256 (COSE): what every authenticator of today has one of.
        supportedAlgorithmIDs: [-7, -8, -257],
      });
      await keep(asked.challenge, 'add-passkey', person.personId);
      return { ...asked };
    },
    async add(person, { name, response }) {
      const checked = await verifyRegistrationResponse({
        response: response as unknown as RegistrationResponseJSON,
        expectedChallenge: wasAsked('add-passkey', person.personId),
        expectedOrigin: origin,
        expectedRPID: rpID,
        requireUserVerification: true,
      }).catch(() => null);
      if (checked === null || !checked.verified)
        throw new ProblemError(
          422,
          'passkey_refused',
          'The passkey could not be checked. Begin again; a question is good for five minutes.',
        );
      const { credential, credentialBackedUp } = checked.registrationInfo;
      if ((await store.passkey(credential.id)) !== null)
        throw new ProblemError(409, 'passkey_known', 'This passkey is known already.');
      const record = {
        credentialId: credential.id,
        personId: person.personId,
        publicKey: credential.publicKey,
        counter: credential.counter,
        transports: credential.transports ?? [],
        synced: credentialBackedUp,
        name,
        addedAt: time.now(),
        usedAt: null,
      };
      await store.putPasskey(record);
      return presentPasskey(record);
    },
    async askToSignIn() {
      const asked = await generateAuthenticationOptions({ rpID, userVerification: 'required' });
      await keep(asked.challenge, 'passkey', null);
      return { ...asked };
    },
    async signIn(response) {
      const refused = new ProblemError(
        401,
        'passkey_unknown',
        'This passkey does not open this desk. Try another, or ask an administrator for a sign-in link.',
      );
      const known = typeof response.id === 'string' ? await store.passkey(response.id) : null;
      if (known === null) throw refused;
      const checked = await verifyAuthenticationResponse({
        response: response as unknown as AuthenticationResponseJSON,
        expectedChallenge: wasAsked('passkey', null),
        expectedOrigin: origin,
        expectedRPID: rpID,
        requireUserVerification: true,
        credential: {
          id: known.credentialId,
          publicKey: new Uint8Array(known.publicKey),
          counter: known.counter,
          transports: [...known.transports],
        },
      }).catch(() => null);
      if (checked === null || !checked.verified) throw refused;
      await store.passkeyUsed(known.credentialId, checked.authenticationInfo.newCounter, time.now());
      return known.personId;
    },
  };
}
