/** Tells subscribers who have a hook, when the clients of a matter's certificates are told by ARI. */
import type { CertificateBook, CertificateSets } from '../app/ports.ts';
import type { Matter } from '../desk/case.ts';
import { type Instant, seconds } from '../foundation/time/time.ts';
import {
  networkPost,
  type RenewNow,
  type RenewNowHooks,
  renewNowCertificatesMax,
  type Window,
} from '../stages/renewal-info/index.ts';
import type { Desk } from './wiring.ts';

const lookEvery = seconds(2);

export async function tellHooks(
  desk: {
    readonly parts: { readonly sets: CertificateSets; readonly book: CertificateBook };
    readonly hooks: RenewNowHooks;
  },
  matter: Matter,
  window: Window,
  revokedBy: Instant,
  now: Instant,
): Promise<void> {
  const bySubscriber = await desk.parts.sets.bySubscriber(matter.set.setId);
  const names = [...bySubscriber.keys()];
  for (let i = 0; i < names.length; i += 1_000) {
    for (const { subscriber } of await desk.hooks.of(names.slice(i, i + 1_000))) {
      const facts = await desk.parts.book.byFingerprints(bySubscriber.get(subscriber) ?? []);
      const messages: RenewNow[] = [];
      for (let from = 0; from < facts.length; from += renewNowCertificatesMax) {
        messages.push({
          id: `${matter.matterId}.${subscriber}.${from / renewNowCertificatesMax}`,
          at: now,
          subscriber,
          certificates: facts
            .slice(from, from + renewNowCertificatesMax)
            .map((one) => ({ serial: one.serial, sha256: one.fingerprint, names: one.names })),
          window,
          revokedBy,
          newKey: matter.keys.length > 0,
          explanationUrl: null,
        });
      }
      await desk.hooks.enqueue(messages, now);
    }
  }
}

/** Sends what is due until `signal` aborts. What is not taken is tried again until the revocation has come. */
export async function deliverRenewNow(desk: Desk, signal: AbortSignal): Promise<void> {
  const post = networkPost(fetch);
  while (!signal.aborted) {
    try {
      await desk.hooks.deliver(post, desk.time.now());
    } catch (error) {
      desk.log.warn({ error: String(error) }, 'Renewal messages could not be sent; tried again.');
    }
    await desk.time.waitUntil(desk.time.now().add(lookEvery), signal);
  }
}
