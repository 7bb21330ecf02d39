import type { RevocationConnector } from '../stages/revocation/connector.ts';

/** Stands where no order may be given: every order is refused by name, and nothing reaches a CA. */
export function noConnector(): RevocationConnector {
  return {
    name: 'none',
    abilities: {
      reasons: [],
      batchMax: 1,
      forcesCrl: false,
      raisesReason: false,
      reads: false,
      needsCertificate: false,
    },
    revoke: async (orders) =>
      orders.map(() => ({
        outcome: 'refused',
        code: 'not-authorised',
        message: 'This process gives no orders; the running desk does.',
      })),
    publish: async () => ({ outcome: 'unsupported' }),
    record: async () => ({ state: 'unknown', message: 'This process does not ask the CA.' }),
    close: async () => undefined,
  };
}
