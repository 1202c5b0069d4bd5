import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { dial, openEgressWorld } from '../../attacks/egress-world.ts';

describe('a client of the egress door', () => {
  it('is cut when it is slow to say what it wants', { timeout: 60_000 }, async () => {
    await using world = await openEgressWorld({ egress: { allow: [{ host: '*' }] } });
    const silent = await dial(world.path);
    const socks = await dial(world.path);
    const drip = setInterval(() => socks.write(Uint8Array.of(5)), 1_000);
    const loris = await dial(world.path);
    loris.write('GET http://api.test/ HTTP/1.1\r\nHost: api');
    const more = setInterval(() => loris.write('x'), 1_000);
    for (const socket of [silent, socks, loris]) socket.resume();
    await Promise.all([silent, socks, loris].map((socket) => once(socket, 'close')));
    clearInterval(drip);
    clearInterval(more);
    expect(limits.egressHeadMs).toBeLessThan(60_000);
  });
});
