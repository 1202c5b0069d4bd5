/** A forward proxy that decides, looks at and records nothing: the least that Node can do. Prints its port. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

const agent = new Agent({ keepAlive: true });
const server = createServer((incoming, response) => {
  const { hostname, port, pathname, search } = new URL(incoming.url ?? '');
  const { method = 'GET', headers } = incoming;
  const out = request({ agent, host: hostname, port, path: pathname + search, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  out.on('error', () => response.destroy());
  incoming.pipe(out);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
