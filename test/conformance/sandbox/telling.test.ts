import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GvisorSandbox } from '../../../src/adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { readyProfiles } from '../../../src/model/profile.ts';
import { countLeftovers, findLeft } from '../../escape/leftovers.ts';

/** What gVisor’s kernel is asked is read from what it writes. A version that writes it in other words is told from one that is asked nothing. */

const { code } = readyProfiles;
if (code === undefined) throw new Error('`code` is a ready profile');
const job = {
  profile: { ...code, tier: 'gvisor' },
  program: { kind: 'code', language: 'shell', source: 'echo ran' },
  files: [],
} as const;
/** In front of the real one: its log goes through `sed` first. */
const reworded = (words: string) => `#!/bin/sh
log=; was=
for one; do [ "$was" = --debug-log ] && log=$one; was=$one; done
[ -n "$log" ] || exec /usr/bin/runsc "$@"
mkfifo "$log.own"
sed -u '${words}' < "$log.own" > "$log" &
for one; do shift; [ "$one" = "$log" ] && one=$log.own; set -- "$@" "$one"; done
exec /usr/bin/runsc "$@"
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telling-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(words: string): Promise<GvisorSandbox> {
  await writeFile(join(folder, 'runsc'), reworded(words));
  await chmod(join(folder, 'runsc'), 0o755);
  return new GvisorSandbox({ clock: systemClock, path: [folder], isRoot: true });
}

describe.runIf(process.getuid?.() === 0)('a version of `runsc`', () => {
  it('that writes as is known here is used', async () => {
    const sandbox = await open('');
    expect(await sandbox.run(job)).toMatchObject({ stdout: 'ran\n', attempts: [] });
    await sandbox.close();
  });

  it.each([
    ['calls', 's/ E / asks /;s/ X / leaves /'],
    ['names of calls', 's/ \\([EX]\\) \\([a-z]\\)/ \\1 \\u\\2/'],
    ['addresses', 's/Addr:/address=/'],
    ['nothing at all', 'd'],
  ])('that writes %s in other words runs nothing, and says why', async (_what, words) => {
    const sandbox = await open(words);
    const before = countLeftovers();
    for (const attempt of [() => sandbox.check(), () => sandbox.run(job)])
      await expect(attempt()).rejects.toMatchObject({
        code: 'E_SANDBOX_UNAVAILABLE',
        message: expect.stringContaining('attempts cannot be told with this version of `runsc`'),
      });
    expect(findLeft(before)).toEqual({});
    await sandbox.close();
  });
});
