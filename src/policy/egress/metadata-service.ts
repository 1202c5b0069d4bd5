import { type IpAddress, parseIpAddress } from '../cedar/ip-address.ts';

/**
 * Where clouds answer whoever asks from one of their machines, with that machine's own credentials: addresses that lead to
 * nothing else, and names for them.
 */
const ADDRESSES: readonly IpAddress[] = [
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '169.254.42.42', '169.254.0.23'],
  ...['100.100.100.200', '168.63.129.16', '192.0.0.192'],
  ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', 'fd00:42::42', 'fe80::a9fe:a9fe'],
].map(parseIpAddress);
const NAMES = new Set([
  ...['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data', 'instance-data.ec2.internal'],
  ...['metadata.tencentyun.com', 'metadata.platformequinix.com', 'metadata.packet.net'],
]);
/** Names of services that answer with the address that is written in the name. */
const SPELLED = /(?:^|[.-])(?:169[.-]254[.-]169[.-]254|a9fea9fe)(?:[.-]|$)/;

const LOW_32 = 0xffff_ffffn;
const LOW_56 = (1n << 56n) - 1n;
const SIX_TO_FOUR = parseIpAddress('2002::/16');
const TEREDO = parseIpAddress('2001::/32');
/** Lengths of the prefixes behind which translators put an IPv4 address (RFC 6052), but for the one at whose end it stands. */
const PREFIXES = [32n, 40n, 48n, 56n, 64n];

/** Whether it is, or carries within, the address of a metadata service. */
export function isMetadataAddress(address: IpAddress): boolean {
  const { version, address: number } = address;
  const isOne = (of: 4 | 6, is: bigint) => ADDRESSES.some((one) => one.version === of && one.address === is);
  return isOne(version, number) || (version === 6 && listCarried(address).some((carried) => isOne(4, carried)));
}

/**
 * What an IPv6 address carries where it is one that carries an IPv4 one. Any network may have translators behind a prefix
 * of its own, and no other host has such an address but by a chance of one in hundreds of millions.
 */
function listCarried(address: IpAddress): readonly bigint[] {
  const number = address.address;
  const plain = ((number >> 64n) << 56n) | (number & LOW_56); // bits 64 to 71 are left out by translators
  return [
    number & LOW_32,
    ...PREFIXES.map((prefix) => (plain >> (88n - prefix)) & LOW_32),
    ...(address.isInRange(SIX_TO_FOUR) ? [(number >> 80n) & LOW_32] : []),
    ...(address.isInRange(TEREDO) ? [~number & LOW_32] : []),
  ];
}

/**
 * Whether a text that says where to go, however it is written, leads to a metadata service for anybody who reads it
 * kindly: `2852039166`, `0xa9.254.0251.254`, `[::ffff:169.254.169.254]`, `user@metadata.google.internal:80/x`. For telling how bad an
 * attempt is, never for letting anything through.
 */
export function seeksMetadata(text: string): boolean {
  const written = text.replace(/^[a-z]+:\/\//i, '').replace(/%25[^\]]*|%[^\]0-9][^\]]*/, '');
  // An IPv6 address without its brackets, and perhaps with a port behind it.
  const bare = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(written);
  const all = bare ? [`[${written}]`, `[${written.replace(/:\d+$/, '')}]`] : [written];
  return all.some((one) => {
    if (!URL.canParse(`http://${one}`)) return false;
    const host = new URL(`http://${one}`).hostname.replace(/\.$/, '');
    return NAMES.has(host) || SPELLED.test(host) || isMetadataHost(host);
  });
}

function isMetadataHost(host: string): boolean {
  try {
    return isMetadataAddress(parseIpAddress(host.replace(/^\[|\]$/g, '')));
  } catch {
    return false; // it is a name
  }
}
