import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { attemptBypasses } from '../../src/app/doctor/attempt-bypasses.ts';
import { parseOptions } from '../../src/app/gateway.ts';

/**
 * Everything private but one file: an agent of another user that can write a policy, or read what a server
 * authenticates with, needs no gateway, and a doctor that does not try it calls that a boundary.
 */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
let folder: string;
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bypasses(open: 'policy' | 'secret' | 'folder' | 'nothing'): Promise<readonly string[]> {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  const place = join(folder, 'place');
  await mkdir(join(place, '.chaperone'), { recursive: true, mode: 0o700 });
  const write = (name: string, text: string, mode: number) => writeFile(join(place, name), text, { mode });
  await write('rules.cedar', 'forbid (principal, action, resource) when { context.run.integrity == "x" };\n', 0o600);
  await write('token', 'plum-otter-3f\n', 0o600);
  await write(
    'chaperone.yaml',
    `version: 1
policies: [rules.cedar]
servers: { s: { url: "http://127.0.0.1:9/", headers: { authorization: { secret: "file:token" } } } }
`,
    0o600,
  );
  await chmod(place, 0o755);
  await chmod(folder, open === 'folder' ? 0o777 : 0o755);
  if (open === 'policy') await chmod(join(place, 'rules.cedar'), 0o666);
  if (open === 'secret') await chmod(join(place, 'token'), 0o644);
  const attempts = await attemptBypasses(await loadConfig(join(place, 'chaperone.yaml'), parseOptions), NOBODY);
  return attempts.filter(({ bypassed }) => bypassed).map(({ name }) => name);
}

describe.runIf(isRoot)('doctor, as another user', () => {
  it.each([
    ['nothing', []],
    ['policy', ['edit the policies']],
    ['secret', ['read the secrets']],
    ['folder', ['edit the configuration', 'edit the policies']],
  ] as const)('sees that %s is open', async (open, expected) => {
    expect(await bypasses(open)).toEqual(expected);
  });
});
