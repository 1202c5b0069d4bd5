import { isIPv4 } from 'node:net';

/*
 * A GeoIP database in MMDB format, written from its published description (MaxMind DB 2.0): a binary tree over the bits of
 * addresses, the data its leaves point to, and what describes both.
 */

/** A child of a node: another node, an offset into the data, or nothing. */
type Child = { readonly node: number } | { readonly data: number } | undefined;

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const BETWEEN = Buffer.alloc(16);
const RECORD_BITS = 32;

/** @param countries by network, `203.0.113.0/24` or `2001:db8::/32`. */
export function writeMmdb(countries: Readonly<Record<string, string>>): Buffer {
  const nodes: [Child, Child][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  for (const [network, code] of Object.entries(countries)) {
    const offset = Buffer.concat(data).length;
    data.push(map({ country: map({ iso_code: text(code) }) }));
    insert(nodes, bitsOf(network), { data: offset });
  }
  const tree = Buffer.alloc(nodes.length * 8);
  nodes.forEach((children, index) => {
    children.forEach((child, side) => {
      const value =
        child === undefined ? nodes.length : 'node' in child ? child.node : nodes.length + BETWEEN.length + child.data;
      tree.writeUInt32BE(value, index * 8 + side * 4);
    });
  });
  const metadata = map({
    binary_format_major_version: unsigned(5, 2, 2),
    binary_format_minor_version: unsigned(5, 2, 0),
    build_epoch: unsigned(9, 8, 1_700_000_000),
    database_type: text('Test-Country'),
    description: map({ en: text('a database of the tests') }),
    ip_version: unsigned(5, 2, 6),
    languages: Buffer.concat([control(11, 1), text('en')]),
    node_count: unsigned(6, 4, nodes.length),
    record_size: unsigned(5, 2, RECORD_BITS),
  });
  return Buffer.concat([tree, BETWEEN, ...data, MARKER, metadata]);
}

function insert(nodes: [Child, Child][], bits: readonly number[], leaf: Child): void {
  let at = 0;
  bits.forEach((bit, depth) => {
    const children = nodes[at] as [Child, Child];
    if (depth === bits.length - 1) {
      children[bit] = leaf;
      return;
    }
    const known = children[bit];
    if (known !== undefined && 'node' in known) {
      at = known.node;
      return;
    }
    // What a wider network says holds for both halves until a narrower one says otherwise.
    at = nodes.push([known, known]) - 1;
    children[bit] = { node: at };
  });
}

/** IPv4 lies at the beginning of IPv6 in such a tree. */
function bitsOf(network: string): readonly number[] {
  const [address = '', length = ''] = network.split('/');
  const bytes = isIPv4(address)
    ? [...Array<number>(12).fill(0), ...address.split('.').map(Number)]
    : groupsOf(address).flatMap((group) => [group >> 8, group & 0xff]);
  const bits = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((shift) => (byte >> shift) & 1));
  return bits.slice(0, Number(length) + (isIPv4(address) ? 96 : 0));
}

function groupsOf(address: string): readonly number[] {
  const [before = '', after = ''] = address.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [head, tail] = [read(before), read(after)];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function control(type: number, size: number): Buffer {
  return type <= 7 ? Buffer.from([(type << 5) | size]) : Buffer.from([size, type - 7]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([control(2, bytes.length), bytes]);
}

function unsigned(type: number, bytes: number, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value));
  else buffer.writeUIntBE(value, 0, bytes);
  return Buffer.concat([control(type, bytes), buffer]);
}

function map(entries: Readonly<Record<string, Buffer>>): Buffer {
  const all = Object.entries(entries);
  return Buffer.concat([control(7, all.length), ...all.flatMap(([key, value]) => [text(key), value])]);
}
