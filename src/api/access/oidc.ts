/**
 * Sign-in by the house's own identity provider (OpenID Connect, code flow with PKCE, state and nonce). The provider says
 * who somebody is; who may work here is decided by the invitation with the same verified address, or by groups that the
 * configuration maps to roles. With such a mapping the provider's groups rule: who leaves the group is out at the next
 * sign-in.
 */
import * as client from 'openid-client';
import { Fault } from '../../foundation/fault.ts';
import { minutes, type Time } from '../../foundation/time/time.ts';
import type { Role } from '../contract/index.ts';
import { hashOf, newId } from './secrets.ts';
import type { AccessStore, PersonRecord } from './store.ts';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  /** On the button. */
  readonly name: string;
  readonly rolesClaim: string;
  /** Group to roles; empty: invited people only, with the roles they have here. */
  readonly roles: Readonly<Record<string, readonly Role[]>>;
}

export interface Oidc {
  readonly name: string;
  /** Where to send the browser, and what it has to keep until it comes back. */
  begin(): Promise<{ readonly url: string; readonly state: string }>;
  /** `state` is what the browser kept. Null: known to the provider, but nobody here. Throws `Fault` for all else. */
  finish(url: URL, state: string | null): Promise<string | null>;
}

const backWithin = minutes(10);
const groupsMax = 500;

export function oidc(options: {
  readonly settings: OidcSettings;
  readonly store: AccessStore;
  readonly time: Time;
  readonly origin: string;
}): Oidc {
  const { settings, store, time, origin } = options;
  const redirectUri = `${origin}/sign-in/oidc/return`;
  let found: Promise<client.Configuration> | null = null;

  const provider = async (): Promise<client.Configuration> => {
    found ??= discover(settings);
    return found.catch((cause: unknown) => {
      found = null;
      throw new Fault(
        'identity_provider_silent',
        `${settings.name} does not answer. Sign in another way, or try again.`,
        {
          cause,
        },
      );
    });
  };

  return {
    name: settings.name,
    async begin() {
      const config = await provider();
      const verifier = client.randomPKCECodeVerifier();
      const [state, nonce] = [client.randomState(), client.randomNonce()];
      await store.putChallenge({
        hash: hashOf(state),
        purpose: 'oidc',
        personId: null,
        data: JSON.stringify({ nonce, verifier }),
        lapsesAt: time.now().add(backWithin),
      });
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      return { url: url.href, state };
    },
    async finish(url, state) {
      // The state has to be the one this browser began with: else a stranger signs somebody in as himself.
      const asked =
        state === null || url.searchParams.get('state') !== state
          ? null
          : await store.takeChallenge(hashOf(state), 'oidc', time.now());
      if (state === null || asked === null)
        throw new Fault('sign_in_not_begun', 'This sign-in was not begun here, or too long ago. Begin again.');
      const { nonce, verifier } = JSON.parse(asked.data) as { nonce: string; verifier: string };
      const back = new URL(redirectUri);
      back.search = url.search;
      const config = await provider();
      const tokens = await client
        .authorizationCodeGrant(config, back, {
          pkceCodeVerifier: verifier,
          expectedNonce: nonce,
          expectedState: state,
          idTokenExpected: true,
        })
        .catch((cause: unknown) => {
          throw new Fault('identity_refused', `${settings.name} did not confirm who you are. Begin again.`, { cause });
        });
      const claims = tokens.claims();
      if (claims === undefined) throw new Fault('identity_refused', `${settings.name} sent no identity.`);
      const person = await personOf({ ...(await moreClaims(config, tokens.access_token, claims.sub)), ...claims });
      return person?.personId ?? null;
    },
  };

  async function personOf(
    claims: Readonly<Record<string, unknown>> & { readonly sub: string },
  ): Promise<PersonRecord | null> {
    const mapped = Object.keys(settings.roles).length > 0;
    const roles = rolesIn(claims[settings.rolesClaim], settings.roles);
    if (mapped && roles.length === 0) return null;
    const known = await store.identity(settings.issuer, claims.sub);
    const email = claims.email_verified === true && typeof claims.email === 'string' ? claims.email : null;
    const bound = known === null ? null : await store.person(known);
    const invited = bound ?? (email === null ? null : await byEmail(email));
    if (invited?.removedAt != null) return null;
    if (invited === null && !mapped) return null;
    const name = typeof claims.name === 'string' && claims.name.trim() !== '' ? claims.name.slice(0, 200) : null;
    const person: PersonRecord = invited ?? {
      personId: newId(name ?? 'person'),
      name: name ?? email ?? 'Person without a name',
      email: email ?? '',
      roles,
      addedAt: time.now(),
      seenAt: null,
      removedAt: null,
    };
    if (invited === null || mapped) await store.putPerson({ ...person, roles: mapped ? roles : person.roles });
    if (known === null) await store.putIdentity(settings.issuer, claims.sub, person.personId);
    return person;
  }

  /** One person only: an address that two records share binds neither. */
  async function byEmail(email: string): Promise<PersonRecord | null> {
    const same = (await store.people()).filter(
      (p) => p.removedAt === null && p.email.toLowerCase() === email.toLowerCase(),
    );
    return same.length === 1 ? (same[0] ?? null) : null;
  }
}

/** Many providers put address and groups only here. None: then the identity token has to do. */
async function moreClaims(
  config: client.Configuration,
  accessToken: string,
  subject: string,
): Promise<Record<string, unknown>> {
  if (config.serverMetadata().userinfo_endpoint === undefined) return {};
  return client.fetchUserInfo(config, accessToken, subject).catch(() => ({}));
}

function rolesIn(claim: unknown, mapping: OidcSettings['roles']): readonly Role[] {
  const groups = Array.isArray(claim) ? claim.slice(0, groupsMax) : [claim];
  return [...new Set(groups.flatMap((group) => (typeof group === 'string' ? (mapping[group] ?? []) : [])))];
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<client.Configuration> {
  const server = new URL(issuer);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(server.hostname);
  return client.discovery(
    server,
    clientId,
    {},
    clientSecret === null ? client.None() : client.ClientSecretPost(clientSecret),
    // A provider on this machine, for trying out; everywhere else the network must not be able to speak for it.
    loopback && server.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {},
  );
}
