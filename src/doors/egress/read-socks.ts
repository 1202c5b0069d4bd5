/** What a SOCKS5 client (RFC 1928, RFC 1929) has said so far. `bytes` is how much of it was taken. */
export type SocksRead<T> =
  | { readonly kind: 'read'; readonly value: T; readonly bytes: number }
  | { readonly kind: 'partial' }
  /** It is not what the protocol says, or asks for what is not offered. */
  | { readonly kind: 'wrong'; readonly reply: number };

export interface SocksRequest {
  /** As the client wrote it; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

export const SOCKS_VERSION = 5;
export const socksReply = {
  succeeded: 0,
  failed: 1,
  notAllowed: 2,
  unreachable: 4,
  refused: 5,
  noSuchCommand: 7,
  noSuchAddressType: 8,
} as const;

const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

const partial = { kind: 'partial' } as const;
const wrong = (reply: number) => ({ kind: 'wrong', reply }) as const;
const read = <T>(value: T, bytes: number) => ({ kind: 'read', value, bytes }) as const;

/** The methods of authentication that a client offers. */
export function readSocksGreeting(data: Uint8Array): SocksRead<readonly number[]> {
  const [version, count] = data;
  if (version !== undefined && version !== SOCKS_VERSION) return wrong(socksReply.failed);
  if (count === undefined || data.length < 2 + count) return partial;
  return read([...data.subarray(2, 2 + count)], 2 + count);
}

/** User name and password. */
export function readSocksLogin(data: Uint8Array): SocksRead<{ readonly user: string; readonly password: string }> {
  const [version, userLength] = data;
  if (version !== undefined && version !== 1) return wrong(socksReply.failed);
  if (userLength === undefined) return partial;
  const passwordLength = data[2 + userLength];
  if (passwordLength === undefined || data.length < 3 + userLength + passwordLength) return partial;
  const end = 3 + userLength + passwordLength;
  const text = (from: number, to: number) => Buffer.from(data.subarray(from, to)).toString('utf8');
  return read({ user: text(2, 2 + userLength), password: text(3 + userLength, end) }, end);
}

/** Where to. Only CONNECT is offered: BIND and UDP would let in, or go around the one address that was checked. */
export function readSocksRequest(data: Uint8Array): SocksRead<SocksRequest> {
  const [version, command, , type] = data;
  if (version !== undefined && version !== SOCKS_VERSION) return wrong(socksReply.failed);
  if (type === undefined) return partial;
  if (command !== CONNECT) return wrong(socksReply.noSuchCommand);
  if (type !== IPV4 && type !== NAME && type !== IPV6) return wrong(socksReply.noSuchAddressType);
  const length = type === IPV4 ? 4 : type === IPV6 ? 16 : data[4];
  if (length === undefined) return partial;
  const from = type === NAME ? 5 : 4;
  const end = from + length + 2;
  if (data.length < end) return partial;
  const address = data.subarray(from, from + length);
  const port = ((data[end - 2] ?? 0) << 8) | (data[end - 1] ?? 0);
  const host =
    type === IPV4
      ? address.join('.')
      : type === IPV6
        ? `[${printIpv6(address)}]`
        : Buffer.from(address).toString('latin1');
  return read({ host, port }, end);
}

function printIpv6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return groups.join(':');
}
