/**
 * A certificate order of a scenario (`asksFor: "issue"`): the CA asks the desk's list of blocked keys before it takes one, as
 * the lab CA does for every order over HTTP, and an order with a key on that list is dropped.
 */
import { parseCsr } from '../../foundation/pki/csr.ts';
import { readPem } from '../../foundation/pki/pem.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import type { Desk } from '../wiring.ts';
import type { Item } from './deliver.ts';
import type { World } from './world.ts';

/** True when a key that the order would have certified is blocked. */
export async function isRefusedOrder(desk: Pick<Desk, 'isBlocked'>, world: World, item: Item): Promise<boolean> {
  for (const spki of requestedKeys(world, item)) {
    if (await desk.isBlocked(keyHashes(spki).canonical)) return true;
  }
  return false;
}

function requestedKeys(world: World, item: Item): readonly Uint8Array[] {
  const files = item.data.attachments.flatMap((file) =>
    file.text === undefined
      ? file.contains.flatMap((ref) => [...world.filesOf(ref)])
      : [Buffer.from(world.fill(file.text))],
  );
  return files.flatMap((bytes) => {
    const blocks = readPem(Buffer.from(bytes).toString('latin1')).filter(({ label }) =>
      label.endsWith('CERTIFICATE REQUEST'),
    );
    return (blocks.length > 0 ? blocks.map((block) => block.bytes) : [bytes]).flatMap((der) => {
      try {
        return [parseCsr(der).spki];
      } catch {
        return [];
      }
    });
  });
}
