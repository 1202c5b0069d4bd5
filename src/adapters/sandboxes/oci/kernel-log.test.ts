import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KernelLog, listWatched, readTrace } from './kernel-log.ts';

const line = (what: string, who = 'python3') =>
  `I1201 01:08:55.325477    7521 strace.go:567] [   1:   1] ${who} ${what}`;
const towards = (address: string, port: number) =>
  `connect(0x3 socket:[3], 0x7ffdb2a1f450 {Family: AF_INET, Addr: ${address}, Port: ${port}}, 0x10)`;

describe('what gVisor traces', () => {
  it.each([
    ['E unshare(CLONE_NEWPID)', 'system-call'],
    ['E ptrace(PTRACE_TRACEME, 0x0, 0x0, 0x0)', 'system-call'],
    ['E setuid(0x0)', 'system-call'],
    ['E setuid(0xfffe)', undefined],
    [
      'X clone(CHILD_SETTID|0x11, 0x0, 0x0, 0x7f) = 0 (0x0) errno=11 (resource temporarily unavailable) (9µs)',
      'processes',
    ],
    ['X clone(CHILD_SETTID|0x11, 0x0, 0x0, 0x7f) = 12 (0xc) (9µs)', undefined],
    ['E setresuid(0xfffe, 0xfffe, 0x0)', 'system-call'],
    ['E setreuid(0x0, 0xffffffffffffffff)', 'system-call'],
    ['E setresgid(0xfffe, 0xfffe, 0xfffe)', undefined],
    ['E clone(CLONE_NEWUSER|0x11, 0x0, 0x0, 0x0, 0x0)', 'system-call'],
    ['E clone(CLONE_VM|CLONE_THREAD, 0x0, 0x0, 0x0, 0x0)', undefined],
    ['E socket(AF_PACKET, SOCK_RAW|SOCK_CLOEXEC, 0x0)', 'system-call'],
    ['E socket(AF_INET, SOCK_RAW|SOCK_CLOEXEC, IPPROTO_ICMP)', 'system-call'],
    ['E socket(0x26, SOCK_SEQPACKET, 0x0)', 'system-call'],
    ['E socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP)', undefined],
    ['E socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0x0)', undefined],
    [`E ${towards('169.254.169.254', 80)}`, 'metadata'],
    [`E ${towards('::ffff:169.254.169.254', 80).replace('AF_INET', 'AF_INET6')}`, 'metadata'],
    [`E ${towards('fd00:ec2::254', 80).replace('AF_INET', 'AF_INET6')}`, 'metadata'],
    [`E ${towards('2001:db8::1', 80).replace('AF_INET', 'AF_INET6')}`, 'network'],
    [`E ${towards('127.0.0.1', 53)}`, 'network'],
    [`E ${towards('127.0.0.1', 8080)}`, undefined],
    [`X ${towards('127.0.0.1', 8080)} = 0 (0x0) errno=111 (connection refused)`, 'network'],
    ['E sendto(0x3, 0xa5, 0x1, 0x0, 0x7f {Family: AF_INET, Addr: 8.8.8.8, Port: 53}, 0x10)', 'network'],
    ['E connect(0x4, 0x7f {Family: AF_UNIX, Addr: "/var/run/nscd/socket"}, 0x6e)', undefined],
  ])('%s', (what, told) => {
    expect(readTrace(line(what))).toBe(told);
  });

  it('is not hidden by the name that a program gives itself', () => {
    for (const who of ['a E getpid(', 'E x() = 0', ') [1:1] b E y(', ''])
      expect(readTrace(line('E unshare(CLONE_NEWUSER)', who)), who).toBe('system-call');
  });

  it('names no call that an architecture does not have', () => {
    expect(listWatched('x64')).toContain('iopl');
    expect(listWatched('arm64')).not.toContain('iopl');
  });
});

describe('the log of a kernel', () => {
  it('is counted while it is written, however long it grows, and says when the program begins', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-log-'));
    using log = await KernelLog.open(folder);
    const text = `${line('E unshare(CLONE_NEWUSER)')}\n${line(`E ${towards('10.0.0.1', 80)}`)}\n`.repeat(3_000);
    writeFileSync(join(folder, 'text'), text);
    // Larger than a pipe holds: it ends only where somebody reads.
    const written = new Promise<void>((resolve, reject) => {
      execFile('/bin/sh', ['-c', `cat ${folder}/text > ${log.path}`], (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    await log.begun;
    await written;
    expect(log.finish()).toEqual([
      expect.objectContaining({ kind: 'system-call', severity: 'high' }),
      expect.objectContaining({
        kind: 'network',
        detail: 'it tried 3000 times to reach a network where there is none',
      }),
    ]);
    rmSync(folder, { recursive: true });
  });

  it('says nothing of a program that asks for nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-log-'));
    using log = await KernelLog.open(folder);
    execFileSync('/bin/sh', ['-c', `echo 'I1201 1 loader.go:689] Process should have started...' > ${log.path}`]);
    await log.begun;
    expect(log.finish()).toEqual([]);
    expect(log.cameTo).toBe('end');
    execFileSync('/bin/sh', ['-c', `echo 'W1201 1 sandbox.go:957] Wait RPC to container "a" failed' > ${log.path}`]);
    log.finish();
    expect(log.cameTo).toBe('program');
    rmSync(folder, { recursive: true });
  });
});
