import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ask, dial, type EgressWorld, openEgressWorld, startUpstream } from './egress-world.ts';

/** Whoever asks a cloud's metadata service wants the machine's own credentials: that is never a small thing. */

const TOLD = { kind: 'network', severity: 'high', detail: expect.stringContaining('a metadata service') };
const SPELLINGS = [
  ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518', '169.254.169.254.'],
  ...['[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::1]'],
  ...['[fd00:ec2::254]', '[fe80::a9fe:a9fe%25eth0]', '169.254.170.2', '100.100.100.200'],
  ...['metadata.google.internal', 'METADATA.google.internal.', 'instance-data', '169.254.169.254.nip.test'],
];
const RULES: readonly (readonly [string, object])[] = [
  ['no rule', {}],
  ['a rule for another host', { allow: [{ host: 'api.test' }] }],
  ['a rule for every host', { allow: [{ host: '*' }] }],
  ['a rule for every address', { allow: [{ host: '*', addresses: ['0.0.0.0/0', '::/0'] }] }],
  ['a denial', { allow: [{ host: '*' }], deny: [{ host: '169.254.169.254' }, { host: 'metadata.google.internal' }] }],
];

/** Asks for a tunnel as SOCKS5 does, by a name or an address of version 4, and gives the reply’s number. */
async function askSocks(path: string, host: string): Promise<number | undefined> {
  const socket = await dial(path);
  const numbers = /^(?:[1-9]\d{1,2}\.){3}[1-9]\d{0,2}$/.test(host) ? host.split('.').map(Number) : [];
  const name = Buffer.from(host);
  const to = numbers.length === 4 ? [1, ...numbers] : [3, name.length, ...name];
  socket.write(Uint8Array.of(5, 1, 0));
  await once(socket, 'data');
  socket.write(Uint8Array.of(5, 1, 0, ...to, 0, 80));
  const [reply] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return reply[1];
}

async function expectHigh(world: EgressWorld, requests: number): Promise<void> {
  expect(world.session.attempts).toEqual([TOLD]);
  const refused = (await world.events()).filter(({ kind }) => kind !== 'egress.opened');
  expect(refused).toHaveLength(requests);
  for (const { kind, body } of refused) expect([kind, body['code']]).toEqual(['egress.refused', 'E_EGRESS_ADDRESS']);
}

describe('a metadata service', () => {
  it.each(RULES)('is reached by nobody, and asking for it is high, where there is %s', async (_what, egress) => {
    for (const host of SPELLINGS) {
      await using world = await openEgressWorld({ egress });
      const plain = await ask(world.path, `GET http://${host}/latest/ HTTP/1.1\nHost: ${host}`);
      expect(plain.code, `GET ${host}`).toBe('E_EGRESS_ADDRESS');
      const tunnel = await ask(world.path, `CONNECT ${host}:80 HTTP/1.1\nHost: ${host}:80`);
      expect(tunnel.code, `CONNECT ${host}`).toBe('E_EGRESS_ADDRESS');
      expect(await askSocks(world.path, host.replace(/^\[|\]$/g, '')), `SOCKS ${host}`).toBe(2);
      await expectHigh(world, 3);
    }
  });

  it('is as bad to ask for after a redirect, by a name that leads there, and by another Host', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    });
    const { port } = upstream;
    const allow = [{ host: 'api.test', ports: [port], addresses: ['127.0.0.1'] }, { host: 'rebind.test' }];
    const answers = [['93.184.215.14'], ['169.254.169.254']];
    await using world = await openEgressWorld({
      egress: { allow },
      hosts: { 'rebind.test': () => answers.pop() ?? [] },
    });
    const first = await ask(world.path, `GET http://api.test:${port}/ HTTP/1.1\nHost: api.test:${port}`);
    const next = /^location: (.*)\r$/im.exec(first.text)?.[1] ?? '';
    const host = new URL(next).host;
    expect((await ask(world.path, `GET ${next} HTTP/1.1\nHost: ${host}`)).code).toBe('E_EGRESS_ADDRESS');
    const rebound = await ask(world.path, 'GET http://rebind.test/ HTTP/1.1\nHost: rebind.test');
    expect(rebound.code).toBe('E_EGRESS_ADDRESS');
    const other = await ask(world.path, `GET http://api.test:${port}/ HTTP/1.1\nHost: ${host}`);
    expect(other.code).toBe('E_EGRESS_ADDRESS');
    expect(world.session.attempts).toEqual([TOLD]);
    expect(upstream.seen).toHaveLength(1);
  });

  it('is reached by a rule that means it, and by no other', async () => {
    const decide = async (rule: object) => {
      await using world = await openEgressWorld({
        egress: { allow: [{ host: 'cloud.test', ...rule }] },
        hosts: { 'cloud.test': ['169.254.169.254'] },
        // What was let through is connected to; that there is nobody is another matter.
        runtime: { refuseCountry: () => 'as far as this' },
      });
      return (await ask(world.path, 'CONNECT cloud.test:80 HTTP/1.1\nHost: cloud.test:80')).code;
    };
    expect(await decide({ addresses: ['169.254.169.254'] })).toBe('E_EGRESS_COUNTRY');
    expect(await decide({ addresses: ['10.0.0.0/8', '169.254.169.254/32'] })).toBe('E_EGRESS_COUNTRY');
    for (const addresses of [['169.254.0.0/16'], ['0.0.0.0/0'], ['169.254.169.254/31']])
      expect(await decide({ addresses }), addresses.join()).toBe('E_EGRESS_ADDRESS');
  });
});
