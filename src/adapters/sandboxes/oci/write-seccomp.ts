import type { JsonObject } from '../../../base/json.ts';
import { tables } from '../process/syscalls.ts';

const ALLOW = { action: 'SCMP_ACT_ALLOW' } as const;
const KILL = { action: 'SCMP_ACT_KILL_PROCESS' } as const;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
/** Calls that libraries do without where they are told that there are none such. Docker 20.10 leaves `defaultErrnoRet` out. */
const YOUNG = ['clone3', 'openat2', 'faccessat2', 'close_range', 'epoll_pwait2', 'rseq', 'fchmodat2', 'cachestat'];
const isUnlisted = (name: string) => !tables.allowed.has(name) && !tables.deadly.has(name);
const ALL_BITS = 0xffff_ffff;
/** Every bit by which `clone` opens a namespace: mount, cgroup, uts, ipc, user, pid, net. */
const NAMESPACES = [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];
const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const TYPE_BITS = 0xf;
const TYPES = { stream: 1, datagram: 2, raw: 3 } as const;

const is = (index: number, value: number): JsonObject => ({ index, value, op: 'SCMP_CMP_EQ' });
const isNot = (index: number, value: number): JsonObject => ({ index, value, op: 'SCMP_CMP_NE' });
const isAbove = (index: number, value: number): JsonObject => ({ index, value, op: 'SCMP_CMP_GT' });
/** Of these bits of an argument, exactly those of `value`. */
const hasOf = (index: number, bits: number, value: number): JsonObject => ({
  index,
  value: bits,
  valueTwo: value,
  op: 'SCMP_CMP_MASKED_EQ',
});

/**
 * The system calls of tier `process` in the words of Docker and Podman. What takes an argument to tell is told here where
 * these words can: a terminal of its own, which a container has, may be typed into.
 */
export function writeSeccomp(): JsonObject {
  const { inet, inet6, netlink, unix } = FAMILY;
  const rule = (names: readonly string[], what: JsonObject, ...args: JsonObject[]): JsonObject => ({
    names: [...names],
    ...what,
    args,
  });
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures: [process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'],
    syscalls: [
      rule([...tables.allowed.keys()], ALLOW),
      rule([...tables.deadly.keys()], KILL),
      rule(YOUNG.filter(isUnlisted), { action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS }),
      rule(['open', 'openat', 'ioctl', 'setreuid', 'setregid', 'setresuid', 'setresgid'], ALLOW),
      rule(['setuid', 'setgid'], ALLOW, isNot(0, 0)),
      rule(['setuid', 'setgid'], KILL, is(0, 0)),
      rule(['personality'], ALLOW, is(0, 0)),
      rule(['personality'], ALLOW, is(0, ALL_BITS)),
      rule(['clone'], ALLOW, hasOf(0, sum(NAMESPACES), 0)),
      ...NAMESPACES.map((bit) => rule(['clone'], KILL, hasOf(0, bit, bit))),
      rule(['socketpair'], ALLOW, is(0, unix)),
      rule(['socket'], ALLOW, is(0, unix)),
      ...[inet, inet6].flatMap((family) =>
        [TYPES.stream, TYPES.datagram].map((type) => rule(['socket'], ALLOW, is(0, family), hasOf(1, TYPE_BITS, type))),
      ),
      ...[inet, inet6].map((family) => rule(['socket'], KILL, is(0, family), hasOf(1, TYPE_BITS, TYPES.raw))),
      rule(['socket'], { action: 'SCMP_ACT_ERRNO', errnoRet: EAFNOSUPPORT }, is(0, netlink)),
      rule(['socket'], KILL, isAbove(0, netlink)),
    ],
  };
}

function sum(bits: readonly number[]): number {
  return bits.reduce((total, bit) => total + bit, 0);
}
