import { describe, expect, it } from 'vitest';
import { buildFilter } from './seccomp-filter.ts';
import { type Architecture, syscallNumber, tables } from './syscalls.ts';

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const ENOSYS = 0x0005_0026;
const EPERM = 0x0005_0001;
const EAFNOSUPPORT = 0x0005_0061;
const AUDIT_ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;

/** What the kernel would do, by a second reading of the same instructions. */
function evaluate(filter: Uint8Array, architecture: number, number: number, args: readonly number[] = []): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  for (const [index, value] of args.entries()) data.setUint32(16 + index * 8, value, true);
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const code = program.getUint16(at * 8, true);
    const jumps = { yes: program.getUint8(at * 8 + 2), no: program.getUint8(at * 8 + 3) };
    const value = program.getUint32(at * 8 + 4, true);
    const jump = (condition: boolean) => {
      at += condition ? jumps.yes : jumps.no;
    };
    switch (code) {
      case 0x20:
        accumulator = data.getUint32(value, true);
        break;
      case 0x54:
        accumulator = (accumulator & value) >>> 0;
        break;
      case 0x15:
        jump(accumulator === value);
        break;
      case 0x25:
        jump(accumulator > value);
        break;
      case 0x45:
        jump((accumulator & value) !== 0);
        break;
      case 0x06:
        return value;
      default:
        throw new Error(`no such instruction: ${code}`);
    }
  }
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (architecture: Architecture) => {
  const filter = buildFilter(architecture);
  const ask = (name: string, args: readonly number[] = []) => {
    const number = syscallNumber(name, architecture);
    if (number === undefined) throw new Error(`${architecture} has no ${name}`);
    return evaluate(filter, AUDIT_ARCH[architecture], number, args);
  };
  const numbers = (table: keyof typeof tables) =>
    [...tables[table].values()].map((row) => row[architecture]).filter((number) => number !== undefined);

  it('answers every number there can be with what its table says, and what is in none with “no such call”', () => {
    const allowed = new Set(numbers('allowed'));
    const deadly = new Set(numbers('deadly'));
    const checked = new Set(numbers('checked'));
    for (let number = 0; number < 1_024; number++) {
      if (checked.has(number)) continue;
      const expected = allowed.has(number) ? ALLOW : deadly.has(number) ? KILL : ENOSYS;
      expect(evaluate(filter, AUDIT_ARCH[architecture], number), `${number}`).toBe(expected);
    }
  });

  it('ends whoever calls by the numbers of another architecture', () => {
    const other = AUDIT_ARCH[architecture === 'x64' ? 'arm64' : 'x64'];
    for (const number of [0, 1, 59, 63, 0x4000_0001]) expect(evaluate(filter, other, number)).toBe(KILL);
    expect(evaluate(filter, 0x4000_0003, 3), 'i386').toBe(KILL);
    expect(evaluate(filter, AUDIT_ARCH[architecture], 0x4000_0000), 'x32').toBe(KILL);
  });

  it.each([
    ['a new process', 'clone', [17], ALLOW],
    ['a thread', 'clone', [0x003d_0f00], ALLOW],
    ['a user namespace', 'clone', [0x1000_0011], KILL],
    ['a mount namespace', 'clone', [0x0002_0011], KILL],
    ['a control group namespace', 'clone', [0x0200_0011], KILL],
    ['a unix socket', 'socket', [1, 1], ALLOW],
    ['a TCP socket', 'socket', [2, 1], ALLOW],
    ['a TCP socket that is not inherited', 'socket', [10, 0x8_0801], ALLOW],
    ['a UDP socket', 'socket', [2, 2], ALLOW],
    ['a raw socket', 'socket', [2, 3, 1], KILL],
    ['a raw socket of the next protocol', 'socket', [10, 0x8_0003], KILL],
    ['SCTP', 'socket', [2, 5], KILL],
    ['a packet socket', 'socket', [17, 3], KILL],
    ['the kernel’s own ciphers', 'socket', [38, 5], KILL],
    ['a socket to the machine below', 'socket', [40, 1], KILL],
    ['a question about interfaces', 'socket', [16, 3], EAFNOSUPPORT],
    ['a pair of sockets', 'socketpair', [1, 1], ALLOW],
    ['typing for somebody else', 'ioctl', [0, 0x5412], KILL],
    ['the size of a terminal', 'ioctl', [0, 0x5413], ALLOW],
    ['a file', 'openat', [0xffff_ff9c, 0, 0], ALLOW],
    ['a file, without a trace', 'openat', [0xffff_ff9c, 0, 0x4_0000], EPERM],
    ['being root', 'setuid', [0], KILL],
    ['being root, third time', 'setresuid', [65_534, 65_534, 0], KILL],
    ['being nobody', 'setresuid', [65_534, 65_534, 65_534], ALLOW],
    ['an executable stack', 'personality', [0x40_0000], KILL],
    ['what it is', 'personality', [0xffff_ffff], ALLOW],
  ] as const)('%s', (_, name, args, expected) => {
    expect(ask(name, args)).toBe(expected);
  });

  it('knows every checked call: none of them is just ended', () => {
    for (const name of tables.checked.keys()) {
      const number = syscallNumber(name, architecture);
      if (number === undefined) continue;
      const answers = [
        [65_534, 1, 1],
        [1, 1, 1],
        [0, 1, 1],
      ].map((args) => ask(name, args));
      expect(answers, name).toContain(ALLOW);
    }
  });
});
