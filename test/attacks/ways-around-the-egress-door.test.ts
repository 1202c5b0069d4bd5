import { describe, expect, it } from 'vitest';
import { ask, openEgressWorld, say, startUpstream } from './egress-world.ts';

/** A way out to a server of the test, which is on loopback: its address is written out, as it would be in production. */
const toLoopback = (host: string, port: number, more: object = {}) => ({
  host,
  ports: [port],
  addresses: ['127.0.0.1'],
  ...more,
});

describe('an egress door', () => {
  it('lets out what a rule names, under the run, and records it', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { allow: [toLoopback('api.test', port)] } });
    const answer = await ask(world.path, `GET http://api.test:${port}/x?q=1 HTTP/1.1\nHost: api.test:${port}`);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('hello from /x?q=1');
    expect(upstream.seen).toEqual([`GET api.test:${port} /x?q=1`]);
    const [opened, passed] = await world.events();
    expect(opened?.kind).toBe('egress.opened');
    expect(passed).toMatchObject({
      kind: 'egress.passed',
      runId: world.run.id,
      agent: 'agent',
      body: { method: 'GET', host: 'api.test', path: '/x', status: 200, rule: 0, address: '127.0.0.1' },
    });
  });

  it('lets nothing out that no rule names', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    const egress = {
      allow: [toLoopback('api.test', port, { methods: ['GET'], paths: ['/open/*'] })],
      deny: [{ host: 'bad.api.test' }],
    };
    await using world = await openEgressWorld({ egress });
    const refusals = [
      `GET http://other.test:${port}/open/x HTTP/1.1\nHost: other.test:${port}`,
      `GET http://api.test:${port === 80 ? 81 : 80}/open/x HTTP/1.1\nHost: api.test`,
      `POST http://api.test:${port}/open/x HTTP/1.1\nHost: api.test:${port}\nContent-Length: 0`,
      `GET http://api.test:${port}/closed HTTP/1.1\nHost: api.test:${port}`,
      `GET http://api.test:${port}/open/../closed HTTP/1.1\nHost: api.test:${port}`,
      `GET http://api.test:${port}/open/%2e%2e/closed HTTP/1.1\nHost: api.test:${port}`,
      `GET http://api.test:${port}/open/..%2fclosed HTTP/1.1\nHost: api.test:${port}`,
      `GET http://api.test:${port}/open//../../closed HTTP/1.1\nHost: api.test:${port}`,
      `GET http://bad.api.test:${port}/open/x HTTP/1.1\nHost: bad.api.test:${port}`,
    ];
    for (const head of refusals) expect(await ask(world.path, head), head).toMatchObject({ code: 'E_EGRESS_DENIED' });
    expect(await ask(world.path, `GET http://api.test:${port}/open/x HTTP/1.1\nHost: api.test:${port}`)).toMatchObject({
      status: 200,
    });
    expect(upstream.seen).toHaveLength(1);
    const refused = (await world.events()).filter(({ kind }) => kind === 'egress.refused');
    expect(refused).toHaveLength(refusals.length);
  });

  it('knows nobody without credentials, and nobody by wrong ones', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { allow: [toLoopback('api.test', port)] } });
    const head = `GET http://api.test:${port}/ HTTP/1.1\nHost: api.test:${port}`;
    const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}`;
    expect(await ask(world.port, head)).toMatchObject({ status: 407, code: 'E_AUTH_REQUIRED' });
    expect(await ask(world.port, `${head}\n${basic(`x:${world.secret}x`)}`)).toMatchObject({ status: 407 });
    expect(await ask(world.port, `${head}\n${basic(`x:${world.secret}`)}`)).toMatchObject({ status: 200 });
    expect(await ask(world.port, `${head}\nProxy-Authorization: Bearer ${world.secret}`)).toMatchObject({
      status: 200,
    });
    await world.book.close(world.session);
    expect(await ask(world.port, `${head}\n${basic(`x:${world.secret}`)}`)).toMatchObject({ status: 407 });
    expect(upstream.seen).toHaveLength(2);
  });

  it.each([
    ['loopback', '127.0.0.1'],
    ['all of this machine', '0.0.0.0'],
    ['a private network', '10.1.2.3'],
    ['a private network of the middle', '172.31.0.1'],
    ['a home network', '192.168.1.1'],
    ['link-local', '169.254.10.1'],
    ['metadata', '169.254.169.254'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['another metadata service', '100.100.100.200'],
    ['a metadata service of IPv6', 'fd00:ec2::254'],
    ['loopback of IPv6', '::1'],
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, in hexadecimal', '::ffff:7f00:1'],
    ['compatible', '::7f00:1'],
    ['6to4', '2002:7f00:1::1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64 of a network’s own', '64:ff9b:1::7f00:1'],
    ['Teredo', '2001:0:7f00:1::1'],
    ['link-local of IPv6', 'fe80::1'],
    ['with a zone', 'fe80::1%lo'],
    ['private of IPv6', 'fd12:3456::1'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['not given out', '4000::1'],
  ])('goes to no address that is %s, whatever name leads there', async (_what, address) => {
    await using world = await openEgressWorld({
      egress: { allow: [{ host: '*' }] },
      hosts: { 'evil.test': [address], 'mixed.test': ['93.184.215.14', address] },
    });
    for (const host of ['evil.test', 'mixed.test']) {
      const answer = await ask(world.path, `GET http://${host}/ HTTP/1.1\nHost: ${host}`);
      expect(answer.code, host).toBe('E_EGRESS_ADDRESS');
      const tunnel = await ask(world.path, `CONNECT ${host}:443 HTTP/1.1\nHost: ${host}:443`);
      expect(tunnel.code, host).toBe('E_EGRESS_ADDRESS');
    }
  });

  it.each([
    '0x7f000001',
    '2130706433',
    '017700000001',
    '127.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '127.0.0.01',
    '127.0.0.1.',
    '１２７.0.0.1',
    '[::ffff:127.0.0.1%25lo]',
    'user@127.0.0.1',
    '127.0.0.1\\@good.test',
    'good.test\\.evil.test',
    'a%2eb.test',
    '',
  ])('takes no address in the spelling %j', async (host) => {
    await using world = await openEgressWorld({ egress: { allow: [{ host: '*', addresses: ['0.0.0.0/0', '::/0'] }] } });
    const bytes = Buffer.from(host).toString('latin1');
    for (const head of [
      `GET http://${bytes}/ HTTP/1.1\nHost: ${bytes}`,
      `CONNECT ${bytes}:443 HTTP/1.1\nHost: ${bytes}:443`,
    ]) {
      const { status, code } = await ask(world.path, head);
      expect([status, code], head).toEqual([400, 'E_EGRESS_REQUEST']);
    }
  });

  it('resolves a name once for each connection, and goes to the address that it checked', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    await using world = await openEgressWorld({
      egress: { allow: [{ host: 'rebind.test', ports: [port], addresses: ['127.0.0.0/8'] }] },
      hosts: { 'rebind.test': () => answers.shift() ?? ['169.254.169.254'] },
    });
    const head = `GET http://rebind.test:${port}/ HTTP/1.1\nHost: rebind.test:${port}`;
    expect(await ask(world.path, head)).toMatchObject({ status: 200 });
    expect(answers).toEqual([['10.0.0.1']]);
    // The connection that was checked is still there; nothing is resolved for the second request.
    expect(await ask(world.path, head)).toMatchObject({ status: 200 });
    expect(answers).toEqual([['10.0.0.1']]);
    expect(await ask(world.path, `CONNECT rebind.test:${port} HTTP/1.1\nHost: rebind.test:${port}`)).toMatchObject({
      code: 'E_EGRESS_ADDRESS',
    });
  });

  it('follows no redirect, and holds the next request to the same rules', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' });
      response.end();
    });
    const { port } = upstream;
    await using world = await openEgressWorld({
      egress: { allow: [toLoopback('api.test', port), { host: '*' }] },
    });
    const answer = await ask(world.path, `GET http://api.test:${port}/ HTTP/1.1\nHost: api.test:${port}`);
    expect(answer.status).toBe(302);
    expect(
      await ask(world.path, 'GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\nHost: 169.254.169.254'),
    ).toMatchObject({ code: 'E_EGRESS_ADDRESS' });
  });

  it.each([
    ['two hosts', 'GET http://api.test/ HTTP/1.1\nHost: api.test\nHost: evil.test'],
    ['another host than the target', 'GET http://api.test/ HTTP/1.1\nHost: evil.test'],
    ['another port than the target', 'GET http://api.test/ HTTP/1.1\nHost: api.test:8080'],
    ['no host', 'GET http://api.test/ HTTP/1.1'],
    ['the host without the target', 'GET / HTTP/1.1\nHost: api.test'],
    ['both lengths', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nContent-Length: 4\nTransfer-Encoding: chunked'],
    ['two lengths', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nContent-Length: 4\nContent-Length: 5'],
    ['two lengths in one', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nContent-Length: 4, 4'],
    ['a signed length', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nContent-Length: +4'],
    ['an encoding in disguise', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nTransfer-Encoding: xchunked'],
    ['an encoding after another', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nTransfer-Encoding: gzip, chunked'],
    [
      'two encodings',
      'POST http://api.test/ HTTP/1.1\nHost: api.test\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked',
    ],
    [
      'an encoding with a space before the colon',
      'POST http://api.test/ HTTP/1.1\nHost: api.test\nTransfer-Encoding : chunked',
    ],
    ['a folded header', 'POST http://api.test/ HTTP/1.1\nHost: api.test\nX: y\n Transfer-Encoding: chunked'],
    [
      'headers that a Connection header takes away',
      'GET http://api.test/ HTTP/1.1\nHost: api.test\nConnection: authorization',
    ],
    ['a method that shows what was sent', 'TRACE http://api.test/ HTTP/1.1\nHost: api.test'],
    ['a scheme of files', 'GET file:///etc/passwd HTTP/1.1\nHost: api.test'],
    ['the host as a whole', 'OPTIONS * HTTP/1.1\nHost: api.test'],
    ['another protocol', 'GET http://api.test/ HTTP/1.1\nHost: api.test\nUpgrade: h2c\nConnection: Upgrade'],
    [
      'an upgrade with a body',
      'GET http://api.test/ HTTP/1.1\nHost: api.test\nUpgrade: websocket\nConnection: Upgrade\nContent-Length: 4',
    ],
  ])('sends on no request with %s', async (_what, head) => {
    await using world = await openEgressWorld({
      egress: { allow: [{ host: 'api.test', addresses: ['127.0.0.1'] }] },
    });
    const text = await say(
      world.path,
      `${head.replaceAll('\n', '\r\n')}\r\n\r\n0\r\n\r\nGET http://api.test/evil HTTP/1.1\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.match(/^HTTP\/1\.1/gm)).toHaveLength(1);
    const recorded = (await world.events()).filter(({ kind }) => kind !== 'egress.opened');
    expect(recorded.length).toBeGreaterThan(0);
    for (const { kind, body } of recorded) expect([kind, body['code']]).toEqual(['egress.refused', 'E_EGRESS_REQUEST']);
  });

  it('reads one request where others would read two', async () => {
    const bodies: string[] = [];
    await using upstream = await startUpstream(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      bodies.push(body);
      response.end();
    });
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { allow: [toLoopback('api.test', port)] } });
    const hidden = `GET /hidden HTTP/1.1\r\nHost: api.test\r\n\r\n`;
    const size = hidden.length.toString(16);
    await ask(
      world.path,
      `POST http://api.test:${port}/a HTTP/1.1\nHost: api.test:${port}\nTransfer-Encoding: chunked`,
      `${size};x="\r\n${hidden}\r\n0\r\n\r\n`,
    );
    await ask(
      world.path,
      `POST http://api.test:${port}/b HTTP/1.1\nHost: api.test:${port}\nContent-Length: ${hidden.length}`,
      hidden,
    );
    expect(upstream.seen.filter((line) => line.includes('hidden'))).toEqual([]);
    expect(bodies.filter((body) => body !== '')).toEqual(expect.arrayContaining([hidden]));
  });
});
