import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask, dial, openEgressWorld, startUpstream } from './egress-world.ts';

/** A request in the body of another, which one reader takes for a body and the next for a request. */

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: api.test\r\n\r\n';
const lengths = [0, 1, 4, 5, HIDDEN.length, HIDDEN.length + 5].map((length) => `Content-Length: ${length}`);
const headers = fc.constantFrom(
  ...[
    ...lengths,
    'Content-Length: +4',
    'Content-Length: 0x4',
    'Content-Length: 4, 4',
    'content-length:\t5',
    'Content-Length : 4',
  ],
  ...[
    'Content-Length:',
    'Content-Length: -1',
    'Content-Length: 4 4',
    'Content_Length: 4',
    'X: y\r\n Content-Length: 4',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked',
    'transfer-encoding: CHUNKED',
  ],
  ...[
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: xchunked',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n ',
    'X: y\r\n\tTransfer-Encoding: chunked',
    'Transfer-Encoding:\x0bchunked',
    'TE: trailers',
  ],
  ...[
    'Connection: content-length',
    'Connection: transfer-encoding',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'X: y\rContent-Length: 4',
  ],
  ...['Host: api.test', 'Host: evil.test', 'Trailer: Content-Length', 'X: y\nContent-Length: 4'],
);
const bodies = fc.constantFrom(
  ...[
    HIDDEN,
    `0\r\n\r\n${HIDDEN}`,
    `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
    `5\r\nGET /\r\n0\r\n\r\n${HIDDEN}`,
  ],
  ...[`0\n\n${HIDDEN}`, `0;a=b\r\n\r\n${HIDDEN}`, `0 \r\n\r\n${HIDDEN}`, `00\r\nContent-Length: 9\r\n\r\n${HIDDEN}`],
  ...[`ffffffffffffffff1\r\n${HIDDEN}`, `-1\r\n${HIDDEN}`, `1\r\nab\r\n0\r\n\r\n${HIDDEN}`, `0x0\r\n\r\n${HIDDEN}`, ''],
);
const methods = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE');
const versions = fc.constantFrom('1.1', '1.1', '1.0');

describe('a request within another', () => {
  it('reaches no host that reads them one by one, however their lengths are told', { timeout: 120_000 }, async () => {
    await using upstream = await startUpstream(async (request, response) => {
      for await (const _ of request);
      response.end('ok');
    });
    const { port } = upstream;
    const allow = [{ host: 'api.test', ports: [port], addresses: ['127.0.0.1'], paths: ['/open'] }];
    await using world = await openEgressWorld({ egress: { rate: 100_000, allow } });
    // Without a door in between each reader has its own mind: what is looked for below can be had.
    const bare = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => bare.once('close', resolve));
    bare.resume().end(`POST /open HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n${HIDDEN}`);
    await closed;
    expect(upstream.seen.splice(0), 'void').toEqual([`POST api.test /open`, 'GET api.test /hidden']);

    let passed = 0;
    const request = fc.tuple(methods, versions, fc.array(headers, { minLength: 1, maxLength: 4 }), bodies);
    await fc.assert(
      fc.asyncProperty(request, async ([method, version, more, body]) => {
        const head = `${method} http://api.test:${port}/open HTTP/${version}\r\nHost: api.test:${port}\r\n`;
        const socket = await dial(world.path);
        const over = new Promise((resolve) => socket.once('close', resolve));
        socket.resume().end(`${head}${more.join('\r\n')}\r\n\r\n${body}`, 'latin1');
        await over;
        const seen = upstream.seen.splice(0);
        passed += seen.length;
        for (const line of seen) expect(line).toBe(`${method} api.test:${port} /open`);
      }),
      { numRuns: 400 },
    );
    expect(passed).toBeGreaterThan(10); // not everything was refused
    expect((await ask(world.path, `GET http://api.test:${port}/open HTTP/1.1\nHost: api.test:${port}`)).status).toBe(
      200,
    );
  });
});

describe('many requests at once', () => {
  it('are held to the same rate and the same bytes as one after another', { timeout: 60_000 }, async () => {
    let sent = 0;
    await using upstream = await startUpstream(async (request, response) => {
      for await (const chunk of request) sent += (chunk as Buffer).length;
      response.end('x'.repeat(20_000));
    });
    const { port } = upstream;
    const allow = [{ host: 'api.test', ports: [port], addresses: ['127.0.0.1'] }];
    const body = 'y'.repeat(1_000);
    const head = `POST http://api.test:${port}/ HTTP/1.1\nHost: api.test:${port}\nContent-Length: ${body.length}`;
    const many = async (bounds: object) => {
      await using world = await openEgressWorld({ egress: { ...bounds, allow } });
      return await Promise.all(Array.from({ length: 40 }, () => ask(world.path, head, body)));
    };
    const count = (answers: readonly { readonly status: number }[]) =>
      answers.filter(({ status }) => status === 200).length;

    expect(count(await many({ rate: 7 }))).toBe(7);
    expect(upstream.seen.splice(0)).toHaveLength(7);
    sent = 0;
    expect(count(await many({ upload: '10KB' }))).toBe(10);
    expect(sent).toBe(10_000);
    const came = (await many({ download: '100KB' })).reduce(
      (sum, { text }) => sum + (text.match(/x{1000}/g)?.length ?? 0),
      0,
    );
    expect(came).toBeGreaterThan(50);
    expect(came).toBeLessThanOrEqual(102);
  });
});
