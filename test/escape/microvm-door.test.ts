import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MicrovmSandbox } from '../../src/adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { makeAuthority, readAuthority } from '../../src/doors/egress/certificates.ts';
import { TlsOpener } from '../../src/doors/egress/open-tls.ts';
import { findProfile } from '../../src/model/profile.ts';
import { closeServer, type EgressWorld, listen, openEgressWorld } from '../attacks/egress-world.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers } from './leftovers.ts';
import { succeedBare } from './run-bare.ts';

/** A program in a machine: what leads out of it, what it is given to read, and what it hands back. One machine for all. */

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** More than any buffer on the way takes at once. */
const large = randomBytes(786_432);

const seen: string[] = [];
const upstream = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  seen.push(`${request.method} ${request.headers.host?.split(':')[0]}${request.url} ${body.length}`);
  response.end(request.url === '/large' ? body : 'hello from outside');
});
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', 'fixtures', 'tls', name), 'utf8');
const secured = createTlsServer({ cert: fixture('cert.pem'), key: fixture('key.pem') }, (request, response) => {
  seen.push(`TLS ${request.method} ${request.headers.host?.split(':')[0]}${request.url}`);
  response.end('hello over TLS');
});
let port: number;
let securedPort: number;
let trustFile: string;
let host: HostWorld;
let egress: EgressWorld;
let sandbox: MicrovmSandbox;
let cacheFolder: string;

beforeAll(async () => {
  cacheFolder = join(tmpdir(), 'chaperone', 'machines');
  port = await listen(upstream);
  securedPort = await listen(secured);
  host = await layOutHost();
  const authority = await makeAuthority(systemClock);
  trustFile = join(host.folder, 'trust.pem');
  await writeFile(trustFile, /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/s.exec(authority)?.[0] ?? '');
  const opener = new TlsOpener(await readAuthority(authority), systemClock);
  const to = { addresses: ['127.0.0.1'] };
  egress = await openEgressWorld({
    egress: {
      allow: [
        { ...to, host: 'open.test', ports: [port], methods: ['GET', 'POST'] },
        { ...to, host: 'gateway.test', ports: [securedPort], methods: ['GET'], paths: ['/open/*'], inspect: true },
      ],
    },
    runtime: { trust: () => [fixture('cert.pem')] },
    openTls: opener.open,
    hosts: { 'open.test': ['127.0.0.1'], 'closed.test': ['127.0.0.1'] },
  });
  const isRoot = process.getuid?.() === 0;
  const kernelRoot = process.env['CHAPERONE_KERNEL'] ?? '/';
  sandbox = new MicrovmSandbox({ clock: systemClock, path: PATH, isRoot, cacheFolder, kernelRoot });
});
afterAll(async () => {
  await sandbox.close();
  await egress[Symbol.asyncDispose]();
  await host.close();
  await closeServer(upstream);
  await closeServer(secured);
});

const DIRECT = `
import socket
def reach(address, port):
    try:
        with socket.create_connection((address, port), 5) as s:
            s.sendall(b"GET /direct HTTP/1.0\\r\\n\\r\\n")
            return "GOT" if b"hello" in s.recv(4096) else "nothing"
    except OSError:
        return "not reached"
`;

const source = (port: number, securedPort: number) => `${DIRECT}
import hashlib, os, urllib.request, urllib.error
def ask(url, body=None):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, body), timeout=60).read()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.headers.get('X-Chaperone-Error')}".encode()
def write(path, text):
    try:
        open(path, "w").write(text)
        return "written"
    except OSError as error:
        return os.strerror(error.errno)
print(ask("http://open.test:${port}/small").decode())
large = open("/input/deep/large", "rb").read()
print(ask("http://open.test:${port}/large", large) == large)
print(ask("http://closed.test:${port}/small").decode())
print(ask("http://127.0.0.1:${port}/small").decode())
print(ask("https://gateway.test:${securedPort}/open/a").decode())
print(ask("https://gateway.test:${securedPort}/closed").decode())
print(reach("127.0.0.1", ${port}), reach("10.0.2.2", ${port}))
print(open("/input/words").read(), hashlib.sha256(large).hexdigest())
print(write("/input/words", "mine now"), "/", write("/input/new", "mine"))
write("changed", "after")
write("added", "new")
os.remove("removed")
raise SystemExit(7)
`;

describe('a program in a machine with a door, an input and a workspace', () => {
  it('reaches what rules let it by the door and nothing else, reads its input, and hands back what it changed', {
    timeout: 300_000,
  }, async () => {
    const direct = `${DIRECT}\nprint(reach("127.0.0.1", ${port}))`;
    await succeedBare({ name: 'connects by itself', language: 'python', source: () => direct }, host);
    expect(seen.splice(0)).toEqual(['GET undefined/direct 0']);

    const inputFolder = join(host.folder, 'input');
    await mkdir(join(inputFolder, 'deep'), { recursive: true });
    await writeFile(join(inputFolder, 'words'), 'to be read');
    await writeFile(join(inputFolder, 'deep', 'large'), large);
    const code = findProfile({ code: { tier: 'microvm', memory: 402_653_184, network: 'door' } }, 'code');
    if (code === undefined) throw new Error('`code` is a ready profile');
    await sandbox.check();
    const before = countLeftovers();
    const outcome = await sandbox.run({
      profile: { ...code, timeMs: 200_000 },
      program: { kind: 'code', language: 'python', source: source(port, securedPort) },
      files: ['same', 'changed', 'removed'].map((path) => ({ path, bytes: Buffer.from('before') })),
      inputFolder,
      egressSocket: egress.path,
      trustFile,
    });

    expect(outcome.stdout.trim().split('\n'), outcome.stderr).toEqual([
      'hello from outside',
      'True',
      '403 E_EGRESS_DENIED',
      '403 E_EGRESS_DENIED',
      'hello over TLS',
      '403 E_EGRESS_DENIED',
      'not reached not reached',
      `to be read ${createHash('sha256').update(large).digest('hex')}`,
      'Read-only file system / Read-only file system',
    ]);
    // The relay ends as the program did, and by itself.
    expect(outcome).toMatchObject({ end: 'exit', exitCode: 7 });
    expect(seen).toEqual([
      'GET open.test/small 0',
      `POST open.test/large ${large.length}`,
      'TLS GET gateway.test/open/a',
    ]);
    expect(outcome.changes.map(({ path, change, bytes }) => [path, change, bytes && `${bytes}`])).toEqual([
      ['added', 'added', 'new'],
      ['changed', 'changed', 'after'],
      ['removed', 'removed', undefined],
    ]);
    expect(await readFile(join(inputFolder, 'words'), 'utf8')).toBe('to be read');
    expect(outcome.attempts.map(({ kind }) => kind)).toEqual(['network']);
    const kinds = (await egress.events()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'egress.passed')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'egress.refused')).toHaveLength(3);
    expect({ ...countLeftovers(), descriptors: 0 }).toEqual({ ...before, descriptors: 0 });
  });

  it('has the time of a ready profile for itself, however long its machine and the way out take to come up', {
    timeout: 300_000,
  }, async () => {
    const code = findProfile({ code: { tier: 'microvm', network: 'door' } }, 'code');
    if (code === undefined) throw new Error('`code` is a ready profile');
    expect(code.timeMs).toBe(findProfile({}, 'code')?.timeMs);
    const outcome = await sandbox.run({
      profile: code,
      program: { kind: 'code', language: 'shell', source: 'echo begun; exit 3' },
      files: [],
      egressSocket: egress.path,
    });
    expect(outcome, outcome.stderr).toMatchObject({ end: 'exit', exitCode: 3, stdout: 'begun\n' });
  });
});
