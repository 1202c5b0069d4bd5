import {
  and,
  assemble,
  equals,
  give,
  hasBits,
  type Instruction,
  load,
  offsets,
  skipIfEqual,
  skipIfGreater,
} from './bpf.ts';
import { type Architecture, syscallNumber, tables } from './syscalls.ts';

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const errno = (number: number) => 0x0005_0000 | number;

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const AUDIT_ARCH: Readonly<Record<Architecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** From here on x86-64 counts the calls of its 32-bit cousin, which would go around every number below. */
const X32 = 0x4000_0000;

/** Every namespace that `clone` can open: mount, cgroup, uts, ipc, user, pid, net. */
const CLONE_NEW = 0x7e02_0000;
const O_NOATIME = 0x4_0000;
const SOCK_TYPE = 0xf;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const families = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const socketTypes = { stream: 1, datagram: 2 } as const;

const argument = (index: number) => load(offsets.argument(index));
const allowIf = (value: number): Instruction[] => [equals(value, 1), give(ALLOW)];

/** What a checked call comes to. Each block ends every path: there is nothing to fall through to. */
const CHECKS: Readonly<Record<string, readonly Instruction[]>> = {
  clone: [argument(0), hasBits(CLONE_NEW, 1), give(KILL), give(ALLOW)],
  // Netlink is how libraries ask for network interfaces; they do without. Packets and the rest are an attempt.
  socket: [
    argument(0),
    ...allowIf(families.unix),
    equals(families.netlink, 1),
    give(errno(EAFNOSUPPORT)),
    skipIfEqual(families.inet, 2),
    skipIfEqual(families.inet6, 1),
    give(KILL),
    argument(1),
    and(SOCK_TYPE),
    ...allowIf(socketTypes.stream),
    ...allowIf(socketTypes.datagram),
    give(KILL),
  ],
  socketpair: [argument(0), ...allowIf(families.unix), give(errno(EAFNOSUPPORT))],
  ioctl: [argument(1), equals(TIOCSTI, 1), give(KILL), equals(TIOCLINUX, 1), give(KILL), give(ALLOW)],
  // Reading without leaving a trace would go past the decoys.
  open: [argument(1), hasBits(O_NOATIME, 1), give(errno(EPERM)), give(ALLOW)],
  openat: [argument(2), hasBits(O_NOATIME, 1), give(errno(EPERM)), give(ALLOW)],
  personality: [argument(0), ...allowIf(0), ...allowIf(0xffff_ffff), give(KILL)],
  // Nobody inside becomes root, whose numbers these are: first, second and third argument.
  ...Object.fromEntries(
    ['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid'].map((name) => {
      const count = name.includes('res') ? 3 : name.includes('re') ? 2 : 1;
      const steps = Array.from({ length: count }, (_, index) => [argument(index), equals(0, 1), give(KILL)]);
      return [name, [...steps.flat(), give(ALLOW)]];
    }),
  ),
};

/** The filter for one architecture, as bytes. What is in no table is answered with “no such system call”. */
export function buildFilter(architecture: Architecture): Uint8Array {
  const blocks = new Map<number, readonly Instruction[]>();
  const put = (names: Iterable<string>, block: (name: string) => readonly Instruction[]) => {
    for (const name of names) {
      const number = syscallNumber(name, architecture);
      if (number !== undefined) blocks.set(number, block(name));
    }
  };
  put(tables.allowed.keys(), () => [give(ALLOW)]);
  put(tables.deadly.keys(), () => [give(KILL)]);
  put(tables.checked.keys(), (name) => CHECKS[name] ?? [give(KILL)]);

  const program: Instruction[] = [
    load(offsets.architecture),
    skipIfEqual(AUDIT_ARCH[architecture], 1),
    give(KILL),
    load(offsets.number),
  ];
  // The whole number line in order: each step takes what is not greater than its last number.
  let next = 0;
  for (const [number, block] of [...blocks].sort(([a], [b]) => a - b)) {
    if (number > next) program.push(skipIfGreater(number - 1, 1), give(errno(ENOSYS)));
    program.push(skipIfGreater(number, block.length), ...block);
    next = number + 1;
  }
  program.push(skipIfGreater(X32 - 1, 1), give(errno(ENOSYS)), give(KILL));
  return assemble(program);
}
