/**
 * Why an address should not be reached on somebody else's word, or undefined: this machine, private and link-local
 * networks, metadata services, names that stand for them. Takes the host of a parsed URL: in it, decimal, octal and hex
 * IPv4 forms are already the usual one, and IPv6 is in brackets. What a name resolves to is for the door to check.
 */
export function nameInternalAddress(host: string): 'loopback' | 'private-network' | 'metadata-service' | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name.startsWith('[')) return nameIpv6(name.slice(1, -1));
  const octets = parseIpv4(name);
  if (octets) return nameIpv4(octets);
  if (name === 'localhost' || /\.localhost$|^localhost\.|^(?:ip6-)?loopback$/.test(name)) return 'loopback';
  if (/^metadata\.|^instance-data\b|^metadata$/.test(name)) return 'metadata-service';
  if (/\.(?:internal|local|localdomain|lan|intranet|corp|home\.arpa|svc|cluster)$/.test(name)) return 'private-network';
  return nameEmbeddedAddress(name);
}

/** Services that answer any name with the address written in it. */
function nameEmbeddedAddress(name: string): ReturnType<typeof nameInternalAddress> {
  const embedded =
    /(?:^|[.-])(\d{1,3})[.-](\d{1,3})[.-](\d{1,3})[.-](\d{1,3})\.(?:[a-z0-9-]{1,20}\.)?[a-z]{2,24}$/.exec(name);
  const octets = embedded ? parseIpv4(embedded.slice(1, 5).join('.')) : undefined;
  return octets ? nameIpv4(octets) : undefined;
}

function parseIpv4(name: string): readonly number[] | undefined {
  const parts = name.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined;
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

function nameIpv4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): ReturnType<typeof nameInternalAddress> {
  if (a === 127 || a === 0) return 'loopback';
  if ((a === 169 && b === 254) || (a === 100 && b === 100 && c === 100 && d === 200)) return 'metadata-service';
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return 'private-network';
  return (a === 100 && b >= 64 && b <= 127) || (a === 198 && (b === 18 || b === 19)) ? 'private-network' : undefined;
}

function nameIpv6(address: string): ReturnType<typeof nameInternalAddress> {
  if (address === '::1' || address === '::') return 'loopback';
  // mapped, translated (64:ff9b::) and 6to4 addresses carry an IPv4 one
  const carried =
    /^(?:::ffff:(?:0:)?|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ??
    /^2002:([0-9a-f]{1,4}):([0-9a-f]{1,4}):/.exec(address);
  if (carried) {
    const [high, low] = [carried[1], carried[2]].map((part) => Number.parseInt(part ?? '0', 16));
    return nameIpv4([(high ?? 0) >> 8, (high ?? 0) & 255, (low ?? 0) >> 8, (low ?? 0) & 255]);
  }
  if (address === 'fd00:ec2::254') return 'metadata-service';
  return /^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/.test(address) ? 'private-network' : undefined;
}
