/**
 * Runs inside of the walls, before the program and beside it: `relay PORT=SOCKET… -- COMMAND ARGUMENT…`. Programs speak
 * to ports of loopback; the only things that lead out are sockets. Whoever ends it inside has cut off nobody but
 * themselves. Imports nothing of Chaperone's, which is not to be seen from there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { constants } from 'node:os';

const args = process.argv.slice(2);
const end = args.indexOf('--');
const [command = '', ...rest] = args.slice(end + 1);

for (const way of args.slice(0, end)) {
  const [port = '', path = ''] = way.split('=');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const out = connect({ path, allowHalfOpen: true });
    const cut = () => {
      client.destroy();
      out.destroy();
    };
    client.on('error', cut);
    out.on('error', cut);
    client.pipe(out);
    out.pipe(client);
  });
  server.listen(Number(port), '127.0.0.1');
  await once(server, 'listening');
}

const child = spawn(command, rest, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`${command} does not start: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
});
