import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Probe } from './probe.ts';

const SYSCALLS = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    result = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
arm = os.uname().machine == 'aarch64'
`;

/** Every hostile program that a tier with processes of its own is tried with. */
export const probes: readonly Probe[] = [
  {
    name: 'reads a file of the host',
    inMachine: true,
    language: 'python',
    source: ({ folder }) => `print('GOT', open('${folder}/canary').read())`,
  },
  {
    name: 'reads the password file of the host',
    inMachine: true,
    language: 'python',
    source: () => `
text = open('/etc/shadow').read()
assert len(text.splitlines()) > 5, 'not the real one'
print('GOT', len(text))`,
    noticed: 'decoy',
  },
  {
    name: 'reads the environment it was started from',
    language: 'python',
    source: ({ canary }) => `
import os
assert os.environ.get('CANARY') == '${canary}'
print('GOT')`,
  },
  {
    name: 'reads the environment of a process of the host',
    inMachine: true,
    language: 'python',
    source: ({ pid, canary }) => `
import os
for pid in ['${pid}', *[p for p in os.listdir('/proc') if p.isdigit()]]:
    try:
        if b'${canary}' in open('/proc/' + pid + '/environ', 'rb').read():
            print('GOT')
            break
    except OSError:
        pass`,
  },
  {
    name: 'reaches the files of the host through a process',
    language: 'python',
    source: ({ folder }) => `
import os
for pid in [p for p in os.listdir('/proc') if p.isdigit()]:
    for way in ('root', 'cwd'):
        try:
            print('GOT', open('/proc/%s/%s${folder}/canary' % (pid, way)).read())
            raise SystemExit
        except OSError:
            pass`,
  },
  {
    name: 'climbs out of its folder with ..',
    language: 'python',
    source: ({ folder }) => `print('GOT', open('../' * 30 + '${folder}/canary'.lstrip('/')).read())`,
  },
  {
    name: 'follows a link that it made',
    inMachine: true,
    language: 'python',
    source: ({ folder }) => `
import os
os.symlink('${folder}/canary', 'way-out')
print('GOT', open('way-out').read())`,
    noticed: 'link',
  },
  {
    name: 'writes a file of the host',
    inMachine: true,
    language: 'python',
    source: ({ folder }) => `
open('${folder}/written', 'w').write('x')
print('GOT')`,
    trace: ({ folder }) => take(join(folder, 'written')),
  },
  {
    name: 'writes among the programs of the system',
    language: 'python',
    source: () => `
import os
open('/usr/local/chaperone-escape-probe', 'w').write('x')
os.unlink('/usr/local/chaperone-escape-probe')
print('GOT')`,
  },
  {
    name: 'changes a setting of the kernel',
    language: 'python',
    source: () => `
value = open('/proc/sys/kernel/core_pattern').read()
open('/proc/sys/kernel/core_pattern', 'w').write(value)
print('GOT')`,
  },
  {
    name: 'starts processes without end',
    inMachine: true,
    language: 'python',
    source: () => `
import os, signal
children = []
try:
    for _ in range(120):
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)
        children.append(pid)
    print('GOT', len(children))
finally:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)`,
    noticed: 'processes',
  },
  {
    name: 'takes memory without end',
    inMachine: true,
    language: 'python',
    source: () => `
held = [bytearray(10_000_000) for _ in range(40)]
print('GOT', len(held))`,
    noticed: 'memory',
  },
  {
    name: 'fills a disk',
    language: 'python',
    source: () => `
import os
places = ['/tmp', '/dev/shm', '.']
block = b'x' * 1_000_000
done = []
try:
    for place in places:
        path = os.path.join(place, 'filling')
        done.append(path)
        with open(path, 'wb') as file:
            for _ in range(70):
                file.write(block)
    print('GOT')
finally:
    for path in done:
        if os.path.exists(path):
            os.unlink(path)`,
  },
  {
    name: 'computes without end',
    inMachine: true,
    language: 'python',
    source: () => `
import time
until = time.monotonic() + 4
while time.monotonic() < until:
    pass
print('GOT')`,
    noticed: 'time',
  },
  {
    name: 'waits without end',
    language: 'python',
    source: () => `
import time
time.sleep(4)
print('GOT')`,
    noticed: 'time',
  },
  {
    name: 'prints without end',
    inMachine: true,
    language: 'python',
    source: () => `
import sys
for _ in range(30):
    sys.stdout.write('x' * 99_999 + '\\n')
print('GOT')`,
    noticed: 'output',
  },
  {
    name: 'opens a raw socket',
    language: 'python',
    source: () => `
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print('GOT')`,
    noticed: 'system-call',
  },
  {
    name: 'opens a packet socket',
    inMachine: true,
    language: 'python',
    source: () => `
import socket
socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
print('GOT')`,
    noticed: 'system-call',
  },
  {
    name: 'connects to a unix socket of the host',
    language: 'python',
    source: ({ socket, canary }) => `
import socket
s = socket.socket(socket.AF_UNIX)
s.connect('${socket}')
assert s.recv(100) == b'${canary}'
print('GOT')`,
  },
  {
    name: 'connects to an abstract socket of the host',
    inMachine: true,
    language: 'python',
    source: ({ canary }) => `
import socket
s = socket.socket(socket.AF_UNIX)
s.connect('\\0chaperone-${canary}')
print('GOT')`,
  },
  {
    name: 'traces a process',
    inMachine: true,
    language: 'python',
    source: () => `${SYSCALLS}
import signal, time
pid = os.fork()
if pid == 0:
    time.sleep(5)
    os._exit(0)
try:
    call(117 if arm else 101, 16, pid, 0, 0)
    print('GOT')
finally:
    os.kill(pid, signal.SIGKILL)`,
    noticed: 'system-call',
  },
  {
    name: 'reads the memory of a process',
    language: 'python',
    source: () => `${SYSCALLS}
class Span(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
secret = ctypes.create_string_buffer(b'secret')
copy = ctypes.create_string_buffer(6)
call(270 if arm else 310, os.getpid(), ctypes.byref(Span(ctypes.addressof(copy), 6)), 1,
     ctypes.byref(Span(ctypes.addressof(secret), 6)), 1, 0)
print('GOT', copy.raw)`,
    noticed: 'system-call',
  },
  {
    name: 'puts a key on the keyring of the kernel',
    language: 'python',
    source: () => `${SYSCALLS}
call(217 if arm else 248, b'user', b'chaperone-escape-probe', b'x', 1, -2)
print('GOT')`,
    noticed: 'system-call',
  },
  ...(['user', 'mount', 'net', 'pid'] as const).map(
    (kind): Probe => ({
      name: `opens a new ${kind} namespace`,
      language: 'python',
      source: () => `${SYSCALLS}
call(97 if arm else 272, ${{ user: 0x1000_0000, mount: 0x2_0000, net: 0x4000_0000, pid: 0x2000_0000 }[kind]})
print('GOT')`,
      noticed: 'system-call',
    }),
  ),
  {
    name: 'opens a new namespace with clone',
    language: 'python',
    source: () => `${SYSCALLS}
pid = call(220 if arm else 56, 0x1000_0000 | 17, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
print('GOT')`,
    noticed: 'system-call',
  },
  {
    name: 'enters a namespace',
    language: 'python',
    source: () => `${SYSCALLS}
call(268 if arm else 308, os.open('/proc/self/ns/net', os.O_RDONLY), 0)
print('GOT')`,
    noticed: 'system-call',
  },
  {
    name: 'mounts a file system',
    language: 'python',
    source: () => `${SYSCALLS}
os.makedirs('mounted', exist_ok=True)
call(40 if arm else 165, b'none', b'mounted', b'tmpfs', 0, 0)
call(39 if arm else 166, b'mounted', 2)
print('GOT')`,
    noticed: 'system-call',
  },
  {
    name: 'becomes root',
    inMachine: true,
    language: 'python',
    source: () => `
import os
os.setuid(0)
print('GOT', os.getuid())`,
    noticed: 'system-call',
  },
  {
    name: 'gains rights by a setuid file',
    language: 'python',
    source: () => `
import os, subprocess, time
drop = (lambda: os.setuid(65534)) if os.getuid() == 0 else None
child = subprocess.Popen(['/usr/bin/su'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         preexec_fn=drop)
try:
    for _ in range(20):
        who = [line for line in open('/proc/%d/status' % child.pid) if line.startswith('Uid:')][0].split()[1:]
        if who[0] != '0' and who[1] == '0':
            print('GOT', who)
            break
        time.sleep(0.01)
finally:
    child.kill()
    child.wait()`,
  },
  {
    name: 'reads what its parent holds open',
    language: 'python',
    source: ({ canary }) => `
import os
for folder in ['/proc/self/fd', '/proc/%d/fd' % os.getppid(), '/proc/1/fd']:
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in names:
        try:
            if b'${canary}' in os.pread(os.open(folder + '/' + name, os.O_RDONLY | os.O_NONBLOCK), 100, 0):
                print('GOT', name)
                raise SystemExit
        except OSError:
            pass`,
  },
  {
    name: 'leaves its control group',
    language: 'python',
    source: () => `
import os
for line in open('/proc/self/cgroup'):
    number, names, path = line.strip().split(':', 2)
    for mount in [names, 'unified', '']:
        door = os.path.join('/sys/fs/cgroup', mount, 'cgroup.procs')
        try:
            open(door, 'w').write('0')
            print('GOT', door)
            open(os.path.join('/sys/fs/cgroup', mount, path.lstrip('/'), 'cgroup.procs'), 'w').write('0')
            raise SystemExit
        except OSError:
            pass`,
  },
  {
    name: 'types into a terminal',
    language: 'python',
    source: () => `
import fcntl, os, pty, termios
master, slave = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for letter in b'x':
        fcntl.ioctl(slave, termios.TIOCSTI, bytes([letter]))
    os._exit(0)
_, status = os.waitpid(pid, 0)
if status == 0:
    print('GOT')
elif os.WIFSIGNALED(status):
    os.kill(os.getpid(), os.WTERMSIG(status))`,
    noticed: 'system-call',
  },
  {
    name: 'loads a program into the kernel',
    language: 'python',
    source: () => `${SYSCALLS}
attribute = (ctypes.c_uint32 * 16)(2, 4, 4, 1)
os.close(call(280 if arm else 321, 0, ctypes.byref(attribute), 64))
print('GOT')`,
    noticed: 'system-call',
  },
  {
    name: 'leaves a process behind',
    inMachine: true,
    language: 'python',
    source: ({ folder }) => `
import os, subprocess
subprocess.Popen(['/bin/sh', '-c', 'sleep 0.4; echo x > ${folder}/left 2>/dev/null || echo x > left; sleep 1'],
                 start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print('GOT')`,
    noticed: 'leftover',
    trace: ({ folder }) => waitFor(join(folder, 'left')),
  },
];

function take(path: string): boolean {
  const was = existsSync(path);
  rmSync(path, { force: true });
  return was;
}

/** Two seconds are long after what was left behind would have written. */
function waitFor(path: string): boolean {
  for (let tries = 0; tries < 40; tries++) {
    if (take(path)) return true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  return false;
}
