import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProbeWorld } from './probe.ts';

export interface HostWorld extends ProbeWorld {
  close(): Promise<void>;
}

/** A host to break out into: a file, a variable, a socket with a name and one without. What is left in `TMPDIR` is ours. */
export async function layOutHost(): Promise<HostWorld> {
  const own = await mkdtemp(join(tmpdir(), 'chaperone-escape-'));
  await chmod(own, 0o777);
  const before = { TMPDIR: process.env['TMPDIR'], CANARY: process.env['CANARY'] };
  const canary = randomBytes(12).toString('hex');
  const folder = join(own, 'host');
  await mkdir(folder);
  await writeFile(join(folder, 'canary'), canary);
  const held = await open(join(folder, 'canary'));
  const socket = join(folder, 'socket');
  const servers: Server[] = [];
  for (const address of [socket, `\0chaperone-${canary}`]) {
    const server = createServer((connection) => {
      connection.on('error', () => {}); // whoever got what it wanted may leave without a word
      connection.end(canary);
    });
    await new Promise<void>((resolve) => server.listen(address, resolve));
    servers.push(server);
  }
  process.env['TMPDIR'] = own;
  process.env['CANARY'] = canary;
  return {
    folder,
    canary,
    socket,
    held: held.fd,
    pid: process.pid,
    async close() {
      for (const server of servers) server.close();
      await held.close();
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await rm(own, { recursive: true, force: true });
    },
  };
}
