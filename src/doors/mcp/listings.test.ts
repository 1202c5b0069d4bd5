import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { McpUpstream } from '../../ports/mcp-upstream.ts';
import { Listings } from './listings.ts';

/** A server that lists what it is told to, and counts how often it is asked. */
function fake(server: string, items: () => readonly JsonObject[]) {
  const listeners = new Set<() => void>();
  let asked = 0;
  const upstream: McpUpstream = {
    server,
    describe: async () => ({ era: 'modern', capabilities: {} }),
    list: async () => {
      asked++;
      return items();
    },
    onListChanged: (_, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch: async () => () => {},
    setLogLevel: async () => {},
    tellRootsChanged: () => {},
    release: () => {},
  };
  return {
    upstream,
    asked: () => asked,
    change: () => [...listeners].forEach((listener) => void listener()),
    listeners,
  };
}

function open(...upstreams: McpUpstream[]) {
  let nowMs = 0;
  const all = new Map(upstreams.map((upstream) => [upstream.server, upstream]));
  const listings = new Listings({ ...systemClock, monotonicMs: () => nowMs }, all);
  return { listings, all, pass: (ms: number) => (nowMs += ms) };
}

describe('Listings', () => {
  it('asks once while nothing changed, and again when it did or some time has passed', async () => {
    const server = fake('s', () => [{ name: 'a' }]);
    const { listings, pass } = open(server.upstream);
    await listings.list('s', 'prompts');
    expect(await listings.list('s', 'prompts')).toEqual([{ name: 'a' }]);
    expect(server.asked()).toBe(1);
    server.change();
    await listings.list('s', 'prompts');
    expect(server.asked()).toBe(2);
    pass(60_000);
    await listings.list('s', 'prompts');
    expect(server.asked()).toBe(3);
  });

  it('keeps what a server listed while it cannot be asked', async () => {
    let down = false;
    const server = fake('s', () => {
      if (down) throw new Error('down');
      return [{ name: 'a' }];
    });
    const { listings } = open(server.upstream);
    await listings.list('s', 'prompts');
    down = true;
    server.change();
    expect(await listings.list('s', 'prompts')).toEqual([{ name: 'a' }]);
  });

  it('lists nothing of a server it does not know', async () => {
    expect(await open().listings.list('s', 'prompts')).toEqual([]);
  });

  it('follows other servers after a restart, and no longer the old ones', async () => {
    const before = fake('s', () => [{ name: 'old' }]);
    const after = fake('s', () => [{ name: 'new' }]);
    const { listings, all } = open(before.upstream);
    await listings.list('s', 'prompts');
    all.set('s', after.upstream);
    listings.restart();
    expect(await listings.list('s', 'prompts')).toEqual([{ name: 'new' }]);
    expect(before.listeners.size).toBe(0);
  });
});
