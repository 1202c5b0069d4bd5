import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { loadConfig } from './load-config.ts';
import { type ConfigWatch, type WatchOptions, watchConfig } from './watch-config.ts';

let folder: string;
let file: string;
let watched: ConfigWatch<string> | undefined;
let activated: string[];
let rejected: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-watch-'));
  file = join(folder, 'chaperone.yaml');
  activated = [];
  rejected = [];
});
afterEach(async () => {
  await watched?.close();
  watched = undefined;
  await rm(folder, { recursive: true, force: true });
});

const version = (data: string) => `version: 1\ndata: ${data}\n`;

/** Watches `file`, which holds the first version. A bundle here is the `data` of its manifest. */
async function watchFile(over: Partial<WatchOptions<string>> = {}): Promise<ConfigWatch<string>> {
  const loaded = await loadConfig(file);
  watched = watchConfig<string>({
    file,
    initial: { loaded, bundle: loaded.manifest.data ?? '' },
    build: async (next) => next.manifest.data ?? '',
    activate: async (next) => void activated.push(next.bundle),
    onRejected: (fault) => void rejected.push(`${fault.code} ${fault.message}`),
    settleMs: 20,
    pollMs: 60_000,
    ...over,
  });
  await watched.reload();
  return watched;
}

const eventually = { timeout: 5_000, interval: 10 };

describe('watchConfig', () => {
  it('puts each right version into force', async () => {
    await writeFile(file, version('one'));
    const watch = await watchFile();
    for (const next of ['two', 'three']) {
      await writeFile(file, version(next));
      await vi.waitFor(() => expect(watch.active.bundle).toBe(next), eventually);
      expect(watch.active.loaded.digest).toBe((await loadConfig(file)).digest);
    }
    expect(activated).toEqual(['two', 'three']);
    expect(rejected).toEqual([]);
  });

  it('keeps the version in force when the new one is wrong, says so once, and takes the next right one', async () => {
    await writeFile(file, version('one'));
    const watch = await watchFile();
    await writeFile(file, 'version: 1\nmoode: x\n');
    await vi.waitFor(() => expect(rejected).toHaveLength(1), eventually);
    expect(rejected[0]).toContain('chaperone.yaml:2:1: unknown key `moode`; did you mean `mode`?');
    await writeFile(join(folder, 'unrelated'), ''); // an event, and the same content
    await new Promise((done) => setTimeout(done, 150));
    expect(rejected).toHaveLength(1);
    expect(watch.active.bundle).toBe('one');

    await rm(file);
    await vi.waitFor(() => expect(rejected).toHaveLength(2), eventually);
    await writeFile(file, version('two'));
    await vi.waitFor(() => expect(watch.active.bundle).toBe('two'), eventually);
  });

  it('says nothing when the old content comes back', async () => {
    await writeFile(file, version('one'));
    const watch = await watchFile();
    await writeFile(file, ':');
    await vi.waitFor(() => expect(rejected).toHaveLength(1), eventually);
    await writeFile(file, version('one'));
    await watch.reload();
    await writeFile(file, ':');
    await vi.waitFor(() => expect(rejected).toHaveLength(2), eventually); // wrong anew is told anew
    expect(activated).toEqual([]);
  });

  it('rejects what does not build or activate, and tries again when asked', async () => {
    await writeFile(file, version('one'));
    let broken = 'build';
    const watch = await watchFile({
      build: async (next) => {
        if (broken === 'build') throw new Fault('E_POLICY_INVALID', 'a.cedar:1:1: no');
        return next.manifest.data ?? '';
      },
      activate: async (next) => {
        if (broken === 'activate') throw new Error('no room');
        activated.push(next.bundle);
      },
    });
    await writeFile(file, version('two'));
    await vi.waitFor(() => expect(rejected).toEqual(['E_POLICY_INVALID a.cedar:1:1: no']), eventually);
    broken = 'activate';
    await watch.reload();
    expect(rejected[1]).toBe('E_CONFIG the new configuration could not be put into force');
    expect(watch.active.bundle).toBe('one');
    broken = '';
    await watch.reload();
    expect([watch.active.bundle, activated]).toEqual(['two', ['two']]);
  });

  it('follows the policies the configuration names', async () => {
    await mkdir(join(folder, 'policies'));
    await writeFile(join(folder, 'policies/a.cedar'), 'one');
    await writeFile(file, `${version('x')}policies: [policies/a.cedar]\n`);
    const watch = await watchFile({ build: async (next) => next.policies[0]?.text ?? '' });
    await writeFile(join(folder, 'policies/a.cedar'), 'two');
    await vi.waitFor(() => expect(watch.active.bundle).toBe('two'), eventually);
  });

  it('sees a file that is renamed over the old one', async () => {
    await writeFile(file, version('one'));
    const watch = await watchFile();
    for (const next of ['two', 'three']) {
      await writeFile(join(folder, 'new'), version(next));
      await rename(join(folder, 'new'), file);
      await vi.waitFor(() => expect(watch.active.bundle).toBe(next), eventually);
    }
  });

  it('sees a swapped symbolic link, and what changes behind it', async () => {
    for (const name of ['one', 'two']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'chaperone.yaml'), version(name));
    }
    await symlink('one', join(folder, 'current'));
    await symlink('current/chaperone.yaml', file);
    const watch = await watchFile();
    await symlink('two', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'current'));
    await vi.waitFor(() => expect(watch.active.bundle).toBe('two'), eventually);
    await writeFile(join(folder, 'two/chaperone.yaml'), version('three'));
    await vi.waitFor(() => expect(watch.active.bundle).toBe('three'), eventually);
  });

  it('polls where the system reports nothing', async () => {
    const place = join(folder, 'mounted');
    await mkdir(place);
    file = join(place, 'chaperone.yaml');
    await writeFile(file, version('one'));
    const watch = await watchFile({ pollMs: 300 });
    await rename(place, join(folder, 'gone')); // what is watched is no longer the folder at that path
    await vi.waitFor(() => expect(rejected).toHaveLength(1), eventually);
    await mkdir(place);
    await writeFile(file, version('two'));
    await vi.waitFor(() => expect(watch.active.bundle).toBe('two'), eventually);
  });

  it('does not take what is half written for a version, even if it is right by itself', async () => {
    await writeFile(file, version('one'));
    const watch = await watchFile({ settleMs: 100 });
    await writeFile(file, version('two'));
    const reloaded = watch.reload(); // reads at once, in the middle of the writing
    await new Promise((done) => setTimeout(done, 50));
    await appendFile(file, 'mode: observe\n');
    await reloaded;
    expect(activated).toEqual(['two']);
    expect(watch.active.loaded.manifest.mode).toBe('observe');
  });

  it('stops when told, by either means, and activates nothing afterwards', async () => {
    await writeFile(file, version('one'));
    const controller = new AbortController();
    const watch = await watchFile({ signal: controller.signal });
    controller.abort();
    await writeFile(file, version('two'));
    await watch.reload();
    await watch.close();
    expect([watch.active.bundle, activated, rejected]).toEqual(['one', [], []]);
  });

  it('survives a listener that throws', async () => {
    await writeFile(file, version('one'));
    const watch = await watchFile({
      onRejected: () => {
        throw new Error('a listener’s mistake');
      },
    });
    await writeFile(file, ':');
    await watch.reload();
    await writeFile(file, version('two'));
    await vi.waitFor(() => expect(watch.active.bundle).toBe('two'), eventually);
  });
});
