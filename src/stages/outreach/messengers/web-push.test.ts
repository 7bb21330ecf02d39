import {
  createDecipheriv,
  createECDH,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  verify,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { at } from '../../../foundation/time/time.ts';
import { messengerContract } from '../messenger.contract.ts';
import { httpSink } from './http-sink.ts';
import { webPushDefaults, webPushMessenger } from './web-push.ts';
import { sealPush, vapidHeader } from './web-push-seal.ts';

const vapid = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const vapidPem = vapid.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const time = { now: () => at('2026-08-01T00:00:00Z') };

/** A browser's side of RFC 8291, written apart from ours. */
function aBrowser() {
  const ecdh = createECDH('prime256v1');
  const publicKey = ecdh.generateKeys();
  const auth = randomBytes(16);
  const expand = (salt: Uint8Array, ikm: Uint8Array, info: Uint8Array, n: number) => {
    const prk = createHmac('sha256', salt).update(ikm).digest();
    return createHmac('sha256', prk)
      .update(Buffer.concat([info, Buffer.of(1)]))
      .digest()
      .subarray(0, n);
  };
  return {
    keys: { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
    open(body: Buffer): string {
      const salt = body.subarray(0, 16);
      const length = body.readUInt8(20);
      const sender = body.subarray(21, 21 + length);
      const sealed = body.subarray(21 + length);
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, sender]);
      const ikm = expand(auth, ecdh.computeSecret(sender), info, 32);
      const key = expand(salt, ikm, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
      const nonce = expand(salt, ikm, Buffer.from('Content-Encoding: nonce\0'), 12);
      const decipher = createDecipheriv('aes-128-gcm', key, nonce);
      decipher.setAuthTag(sealed.subarray(-16));
      const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
      return plain.subarray(0, plain.lastIndexOf(2)).toString();
    },
  };
}

messengerContract('web-push', async () => {
  const sink = await httpSink();
  const browser = aBrowser();
  const settings = { ...webPushDefaults, subject: 'mailto:desk@ca.example', privateKey: vapidPem };
  const find = async (to: string) => (to === 'phone-of-asha' ? { endpoint: sink.url, keys: browser.keys } : null);
  return {
    messenger: webPushMessenger(settings, find, time),
    to: 'phone-of-asha',
    behave: sink.behave,
    taken: () => sink.taken.map(({ headers, body }) => ({ id: String(headers.topic), text: browser.open(body) })),
    stop: sink.stop,
  };
});

describe('a push message', () => {
  it('is sealed exactly as in the example of RFC 8291', () => {
    const bytes = (text: string) => Buffer.from(text, 'base64url');
    const sealed = sealPush(
      Buffer.from('When I grow up, I want to be a watermelon'),
      {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
      bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'),
      bytes('DGv6ra1nlYgDCS1FRnbzlw'),
    );
    expect(Buffer.from(sealed).toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
  });

  it('names us to its push service and to no other, by a token that verifies', () => {
    const header = vapidHeader({
      endpoint: 'https://push.example/send/abc',
      subject: 'mailto:desk@ca.example',
      privateKey: vapidPem,
      unixSeconds: 1_785_542_400,
    });
    const [, head, claims, signature] = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=[\w-]+$/.exec(header) ?? [];
    expect(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())).toEqual({
      aud: 'https://push.example',
      exp: 1_785_542_400 + 43_200,
      sub: 'mailto:desk@ca.example',
    });
    const key = {
      key: createPublicKey(vapid.publicKey.export({ type: 'spki', format: 'pem' })),
      dsaEncoding: 'ieee-p1363',
    } as const;
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature ?? '', 'base64url'))).toBe(
      true,
    );
  });
});
