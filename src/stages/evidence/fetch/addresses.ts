/** Which addresses a reported URL may lead to: global unicast and nothing else, by an allow rule and not by a list of bans. */
import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const alsoRefused = new BlockList();
for (const [network, prefix] of [
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const) {
  alsoRefused.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  alsoRefused.addSubnet(network, prefix, 'ipv6');
}

const globalUnicast6 = new BlockList();
globalUnicast6.addSubnet('2000::', 3, 'ipv6');

/** True for public addresses. IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo) is refused in every spelling. */
export function isPublicAddress(address: string, ownRanges: BlockList | null = null): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (alsoRefused.check(address, kind) || ownRanges?.check(address, kind)) return false;
  if (family === 6 && !globalUnicast6.check(address, 'ipv6')) return false;
  return ipaddr.parse(address).range() === 'unicast';
}
