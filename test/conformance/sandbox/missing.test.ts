import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../../src/adapters/stores/memory/open-memory-store.ts';
import { Chaperone } from '../../../src/app/chaperone.ts';
import { loadText } from '../../../src/app/config/load-config.ts';
import { Gateway } from '../../../src/app/gateway.ts';
import { parseOptions } from '../../../src/app/host-server.ts';
import { sandboxTiers } from '../../../src/model/profile.ts';
import { countLeftovers, findLeft } from '../../escape/leftovers.ts';

/** What a tier takes that is not there refuses the call and says what to install: every other tier is there, and none is used. */

const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const ALL = ['bwrap', 'setpriv', 'runsc', 'podman', 'docker', 'qemu-system-x86_64', 'busybox', 'mke2fs', 'python3'];
const isRoot = process.getuid?.() === 0;

interface Case {
  readonly tier: string;
  readonly without: readonly string[];
  readonly builtin?: object;
  readonly says: RegExp;
}
const image = { image: `localhost/none@sha256:${'0'.repeat(64)}` };
const cases: readonly Case[] = [
  { tier: 'process', without: ['bwrap'], says: /bubblewrap is missing.*`apt-get install bubblewrap`/ },
  ...(isRoot
    ? [{ tier: 'gvisor', without: ['runsc'], says: /`runsc` is missing.*`apt-get install runsc`/ }]
    : [{ tier: 'gvisor', without: [], says: /use tier `process`/ }]),
  { tier: 'container', without: ['podman', 'docker'], builtin: image, says: /`apt-get install podman`/ },
  { tier: 'container', without: [], says: /needs an image: `builtin\.image`/ },
  ...['qemu-system-x86_64', 'busybox', 'bwrap'].map((name) => ({
    tier: 'microvm',
    without: [name],
    says: new RegExp(`\`${name}\` is missing.*\`apt-get install .*qemu-system-x86 `),
  })),
  { tier: 'microvm', without: [], builtin: { kernel: '/nowhere' }, says: /no kernel .*`apt-get install .*linux-image/ },
];

let folder: string;
let chaperone: Chaperone | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'missing-'));
});
afterEach(async () => {
  await chaperone?.close();
  chaperone = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function open({ tier, without, builtin = {} }: Omit<Case, 'says'>) {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  for (const name of ALL.filter((one) => !without.includes(one))) {
    const found = FOLDERS.map((one) => join(one, name)).find((path) => existsSync(path));
    if (found !== undefined) await symlink(found, join(programs, name));
  }
  const language = tier === 'wasm' ? 'js' : 'python';
  const manifest = {
    version: 1,
    data: join(folder, 'data'),
    builtin: { code: { [language]: 'walled' }, ...builtin },
    profiles: { walled: { tier, limits: isRoot ? 'total' : 'per-process' } },
    tools: { 'builtin/code.run': { effect: 'read', consequence: 'low' } },
    agents: { dev: { tools: { 'builtin/*': {} } } },
  };
  const gateway = await Gateway.open({
    loaded: await loadText(JSON.stringify(manifest), 'chaperone.yaml', folder, parseOptions),
    environment: { PATH: programs, HOME: folder },
    notify: () => {},
    store: openMemoryStore(),
  });
  chaperone = new Chaperone(gateway);
  const run = await chaperone.startRun({ agent: 'dev', prompt: 'Run it.' });
  return { gateway, run: () => run.call('builtin/code.run', { language, code: 'print("ran")' }) };
}

describe('a tier that is asked for and not there', () => {
  it.each(cases)('$tier without $without $builtin refuses the call, and no other runs it', async (one) => {
    const { gateway, run } = await open(one);
    const before = countLeftovers();
    const answer = await run();
    expect(answer).toMatchObject({
      kind: 'refused',
      code: 'E_SANDBOX_UNAVAILABLE',
      ran: 'no',
      reasons: [{ code: 'E_SANDBOX_UNAVAILABLE', message: expect.stringMatching(one.says) }],
    });
    expect(JSON.stringify(answer)).not.toContain('"stdout"');
    const events = await gateway.world.store.readEvents({ tenant: 'default', afterSeq: 0, limit: 100 });
    const ended = events.find(({ kind }) => kind === 'call.completed');
    expect(ended?.body).toMatchObject({ ok: false, ran: 'no', code: 'E_SANDBOX_UNAVAILABLE' });
    expect(findLeft(before)).toEqual({});
  });

  it('is every tier but `wasm`, which needs nothing', async () => {
    expect(new Set(['wasm', ...cases.map(({ tier }) => tier)])).toEqual(new Set(sandboxTiers));
    const { run } = await open({ tier: 'wasm', without: ALL });
    expect(await run()).toMatchObject({ kind: 'result' });
  });
});
