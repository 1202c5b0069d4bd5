import { type IpAddress, parseIpAddress } from '../cedar/ip-address.ts';
import { isMetadataAddress } from './metadata-service.ts';

/** Ranges that are not the public internet, by what they are. The first that fits names the address. */
const IPV4_RANGES: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', 'this machine'],
  ['127.0.0.0/8', 'this machine'],
  ['10.0.0.0/8', 'a private network'],
  ['172.16.0.0/12', 'a private network'],
  ['192.168.0.0/16', 'a private network'],
  ['169.254.0.0/16', 'a link-local network'],
  ['100.64.0.0/10', 'a network shared behind a carrier’s address'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved for documentation'],
  ['198.51.100.0/24', 'reserved for documentation'],
  ['203.0.113.0/24', 'reserved for documentation'],
  ['192.88.99.0/24', 'a relay to other addresses'],
  ['198.18.0.0/15', 'reserved for measurements'],
  ['224.0.0.0/4', 'a multicast group'],
  ['240.0.0.0/4', 'reserved'],
];

/** Of IPv6 only 2000::/3 is public, and of that not these. Outside of it everything is refused, named or not. */
const IPV6_RANGES: readonly (readonly [string, string])[] = [
  ['::/127', 'this machine'],
  ['::ffff:0:0/96', 'an IPv4 address inside of an IPv6 one'],
  ['::/96', 'an IPv4 address inside of an IPv6 one'],
  ['64:ff9b::/96', 'an IPv4 address behind a translator'],
  ['64:ff9b:1::/48', 'an IPv4 address behind a translator'],
  ['2002::/16', 'an IPv4 address inside of an IPv6 one'],
  ['2001::/23', 'a tunnel, or reserved'],
  ['2001:db8::/32', 'reserved for documentation'],
  ['3fff::/20', 'reserved for documentation'],
  ['fc00::/7', 'a private network'],
  ['fe80::/10', 'a link-local network'],
  ['fec0::/10', 'a private network'],
  ['ff00::/8', 'a multicast group'],
];

type Range = readonly [IpAddress, string];
const compile = (ranges: readonly (readonly [string, string])[]): readonly Range[] =>
  ranges.map(([range, name]) => [parseIpAddress(range), name]);
const ipv4 = compile(IPV4_RANGES);
const ipv6 = compile(IPV6_RANGES);
const publicIpv6 = parseIpAddress('2000::/3');

/** Reads an address as resolvers and clients write one. Undefined for anything else, one with a zone included. */
export function readAddress(text: string): IpAddress | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare.includes('/')) return undefined;
  try {
    // The form with four decimals at its end is written out first.
    const plain = bare.includes(':') && bare.includes('.') ? new URL(`http://[${bare}]/`).hostname.slice(1, -1) : bare;
    return parseIpAddress(plain);
  } catch {
    return undefined;
  }
}

/** Reads an address or a range of them. Undefined where it is neither. */
export function readRange(text: string): IpAddress | undefined {
  try {
    return parseIpAddress(text);
  } catch {
    return undefined;
  }
}

/** What an address is, where it is not a public one of a single machine. */
export function nameSpecialAddress(address: IpAddress): string | undefined {
  if (isMetadataAddress(address)) return 'a metadata service';
  const named = (address.version === 4 ? ipv4 : ipv6).find(([range]) => address.isInRange(range));
  if (named !== undefined) return named[1];
  return address.version === 6 && !address.isInRange(publicIpv6) ? 'not a public address' : undefined;
}
