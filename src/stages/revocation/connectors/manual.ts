/**
 * A CA without an interface: a person revokes by hand. Every order waits for approval until that person confirms in
 * the desk; the probe still decides what is published, so a confirmation of something that did not happen stops no clock.
 */
import { z } from 'zod';
import { defineConnector } from '../connector.ts';
import { serialForms } from '../serial.ts';

export const manualConnector = defineConnector({
  name: 'manual',
  summary: 'A person revokes at the CA by hand; the desk tells them what, and watches that it happens.',
  settings: z.strictObject({
    /** What to do and where, shown to the person with each order. */
    instructions: z.string().min(1).max(2000),
  }),
  async open(settings) {
    return {
      name: 'manual',
      abilities: {
        reasons: [
          'unspecified',
          'keyCompromise',
          'affiliationChanged',
          'superseded',
          'cessationOfOperation',
          'privilegeWithdrawn',
        ],
        batchMax: 1,
        forcesCrl: false,
        raisesReason: true,
        reads: false,
        needsCertificate: false,
      },
      async revoke(orders) {
        return orders.map((order) => ({
          outcome: 'pending-approval' as const,
          reference: order.idempotencyKey,
          message: `Revoke ${serialForms.hex(order.certificate.serial)} with reason ${order.reason}. ${settings.instructions}`,
        }));
      },
      async publish() {
        return { outcome: 'unsupported' };
      },
      async record() {
        return { state: 'unknown', message: 'Nobody can be asked; the probe looks.' };
      },
      async close() {},
    };
  },
});
