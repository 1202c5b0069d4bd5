import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MicrovmSandbox } from '../../../src/adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { ContainerSandbox } from '../../../src/adapters/sandboxes/oci/open-container-sandbox.ts';
import { GvisorSandbox } from '../../../src/adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { type Profile, readyProfiles } from '../../../src/model/profile.ts';
import type { Sandbox } from '../../../src/ports/sandbox.ts';
import { buildImage, removeImage } from '../../escape/build-image.ts';
import { countLeftovers, findLeft } from '../../escape/leftovers.ts';

/** Somebody ends a sandbox while its program runs. What it did by then nobody knows, and nothing of it is left. */

const PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const isRoot = process.getuid?.() === 0;
const common = { clock: systemClock, path: PATH, isRoot };
const { code } = readyProfiles;
if (code === undefined) throw new Error('`code` is a ready profile');
const PODMAN = '/usr/bin/podman';
const SECONDS = `4${process.pid}`;
/** Kept for the next run of the suites: made once, in seconds. */
const cacheFolder = join(tmpdir(), 'chaperone', 'machines');
const kernelRoot = process.env['CHAPERONE_KERNEL'] ?? '/';

interface Kind {
  readonly tier: Profile['tier'];
  readonly open: (image: string) => Sandbox;
  /** What is ended, and nothing of the tests beside this one. */
  readonly victims: () => readonly number[];
  /** Its program is no process of the host: how long after its kernel is there it has surely begun, milliseconds. */
  readonly beginsMs?: number;
}
const kinds: readonly Kind[] = [
  { tier: 'process', open: () => new ProcessSandbox(common), victims: findParents },
  ...(isRoot
    ? [
        {
          tier: 'gvisor' as const,
          open: () => new GvisorSandbox(common),
          victims: () => find(new RegExp(`^runsc.* boot .*${own}`)),
          beginsMs: 2_000,
        },
      ]
    : []),
  ...(isRoot && existsSync(PODMAN)
    ? [
        {
          tier: 'container' as const,
          open: (image: string) => new ContainerSandbox({ clock: systemClock, path: PATH, image }),
          victims: findParents,
        },
      ]
    : []),
  {
    tier: 'microvm',
    open: () => new MicrovmSandbox({ ...common, cacheFolder, kernelRoot }),
    victims: () => find(/^\S*qemu-system-x86_64 /).filter(isOwn),
    beginsMs: 5_000,
  },
];

let own: string;
let image = '';
const was = process.env['TMPDIR'];
beforeAll(async () => {
  if (existsSync(PODMAN) && isRoot) image = await buildImage(PODMAN, 'lost');
  own = await mkdtemp(join(tmpdir(), 'chaperone-lost-'));
  process.env['TMPDIR'] = own;
});
afterAll(async () => {
  if (was === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = was;
  await rm(own, { recursive: true, force: true });
  if (image !== '') await removeImage(PODMAN, 'lost');
});

/** Processes of this machine, by their command lines. */
function find(words: RegExp): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return words.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '));
      } catch {
        return false; // it has ended since
      }
    })
    .map(Number);
}

function findPrograms(): readonly number[] {
  return find(new RegExp(`^/usr/bin/sleep ${SECONDS} $`));
}

/** What started the program within its walls. */
function findParents(): readonly number[] {
  return findPrograms().map(findParent);
}

function findParent(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]);
}

/** Whether it was started by this process, or by what that started. */
function isOwn(pid: number): boolean {
  for (let at = pid; at > 1; at = findParent(at)) if (at === process.pid) return true;
  return false;
}

function isNotBegun(ended: unknown): boolean {
  return ended instanceof Fault && ended.code === 'E_SANDBOX';
}

it.each(kinds)(
  'tier $tier: a sandbox that is ended half-way is lost, and leaves nothing',
  { timeout: 300_000 },
  async (kind) => {
    const sandbox = kind.open(image);
    const profile: Profile = { ...code, tier: kind.tier, timeMs: 100_000, limits: isRoot ? 'total' : 'per-process' };
    const run = (...argv: [string, ...string[]]) =>
      sandbox.run({ profile, program: { kind: 'command', argv }, files: [] });
    await run('/usr/bin/true'); // what is opened once for all runs is opened
    const before = countLeftovers();
    const { beginsMs } = kind;
    const end = async (afterMs: number | undefined) => {
      const running = run('/usr/bin/sleep', SECONDS).catch((error: unknown) => error);
      if (afterMs === undefined)
        await vi.waitFor(() => expect(findPrograms().length).toBeGreaterThan(0), { timeout: 20_000 });
      const victims = await vi.waitFor(
        () => {
          const found = kind.victims();
          expect(found.length).toBeGreaterThan(0);
          return found;
        },
        { timeout: 20_000 },
      );
      if (afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, afterMs));
      for (const pid of victims) process.kill(pid, 'SIGKILL');
      return running;
    };
    let ended = await end(beginsMs);
    // On a machine that is full a kernel takes longer: one that was ended before its program began ran nothing, and says so.
    for (let longer = 2; beginsMs !== undefined && longer < 16 && isNotBegun(ended); longer *= 2)
      ended = await end(beginsMs * longer);
    expect(ended).toMatchObject({ code: 'E_SANDBOX_LOST' });
    await vi.waitFor(() => expect(findLeft(before)).toEqual({}), { timeout: 20_000 });
    expect((await run('/usr/bin/echo', 'again')).stdout).toBe('again\n');
    await sandbox.close();
  },
);
