import { EvaluationError } from './evaluation-error.ts';

/** An IPv4 or IPv6 address, or a range of them in CIDR notation. A single address has the full prefix. */
export class IpAddress {
  readonly kind = 'ipaddr';
  readonly version: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
  /** As it was written, which is how the constructor `ip` reads it back. */
  readonly text: string;

  constructor(version: 4 | 6, address: bigint, prefix: number, text: string) {
    this.version = version;
    this.address = address;
    this.prefix = prefix;
    this.text = text;
  }

  // The address counts as written: 10.0.0.1/8 and 10.0.0.2/8 are one network and two values.
  get key(): string {
    return `${this.version}:${this.address}/${this.prefix}`;
  }

  get isLoopback(): boolean {
    return this.version === 4
      ? this.address >> 24n === 127n && this.prefix >= 8
      : this.address === 1n && this.prefix === 128;
  }

  get isMulticast(): boolean {
    return this.version === 4
      ? this.address >> 28n === 0b1110n && this.prefix >= 4
      : this.address >> 120n === 0xffn && this.prefix >= 8;
  }

  isInRange(range: IpAddress): boolean {
    if (this.version !== range.version || this.prefix < range.prefix) return false;
    const free = BigInt((this.version === 4 ? 32 : 128) - range.prefix);
    return this.address >> free === range.address >> free;
  }
}

/** Reads an address or a CIDR range; IPv4 within IPv6 is written in hexadecimal. Throws `EvaluationError`. */
export function parseIpAddress(text: string): IpAddress {
  const bad = () => new EvaluationError(`not an IP address or range: \`${text.slice(0, 60)}\``);
  if (text.length > 43) throw bad();
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const version = host.includes(':') ? 6 : 4;
  const address = version === 4 ? parseV4(host) : parseV6(host);
  const full = version === 4 ? 32 : 128;
  const prefix = slash < 0 ? full : parsePrefix(text.slice(slash + 1), full);
  if (address === undefined || prefix === undefined) throw bad();
  return new IpAddress(version, address, prefix, text);
}

function parsePrefix(text: string, most: number): number | undefined {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return undefined;
  const prefix = Number(text);
  return prefix <= most ? prefix : undefined;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  let address = 0n;
  for (const group of groups) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    address = (address << 16n) | BigInt(`0x${group}`);
  }
  return address;
}
