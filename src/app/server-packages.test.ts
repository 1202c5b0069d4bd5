import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { launchPackage } from '../adapters/tools/mcp/launch/launch-package.ts';
import { systemClock } from '../base/clock.ts';
import { loadText } from './config/load-config.ts';
import { acceptServer, reviewPackage } from './server-packages.ts';

const INTEGRITY = `sha512-${'A'.repeat(86)}==`;
let folder: string;
const program = () => join(folder, 'node_modules', 'echo', 'serve.js');
const load = (more = '') =>
  loadText(
    `version: 1
data: .chaperone
servers:
  s: { package: echo@1.0.0, integrity: ${INTEGRITY} ${more} }
  plain: { command: node }
`,
    'chaperone.yaml',
    folder,
  );
const launch = () =>
  launchPackage({
    package: 'echo@1.0.0',
    integrity: INTEGRITY,
    args: [],
    env: {},
    folder,
    environment: {},
    clock: systemClock,
    serversFolder: join(folder, '.chaperone', 'servers'),
    projectFolders: [folder],
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-packages-'));
  await mkdir(join(folder, 'node_modules', 'echo'), { recursive: true });
  const own = { name: 'echo', version: '1.0.0', bin: 'serve.js' };
  await writeFile(join(folder, 'node_modules', 'echo', 'package.json'), JSON.stringify(own));
  await writeFile(program(), 'console.log(1);\n');
  const packages = { 'node_modules/echo': { version: '1.0.0', integrity: INTEGRITY } };
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('shows a package that changed, and accepts it as it was looked at', async () => {
  const loaded = await load();
  await launch(); // the first use is recorded
  const before = await reviewPackage(loaded, 's');
  expect(before).toMatchObject({ server: 's', disabled: false, reviewed: before.found });

  await writeFile(program(), 'console.log(2);\n');
  await expect(launch()).rejects.toMatchObject({ code: 'E_SERVER_INTEGRITY' });
  const seen = await reviewPackage(loaded, 's');
  expect(seen).toMatchObject({ disabled: true, reviewed: before.found });
  expect(seen.found).not.toBe(before.found);

  await writeFile(program(), 'console.log(3);\n');
  await expect(acceptServer(loaded, 's', seen.found)).rejects.toMatchObject({ code: 'E_SERVER_INTEGRITY' });
  await expect(launch()).rejects.toMatchObject({ code: 'E_SERVER_INTEGRITY' });
  const { found } = await reviewPackage(loaded, 's');
  expect(await acceptServer(loaded, 's', found)).toBe(found);
  await launch();
  expect(await reviewPackage(loaded, 's')).toMatchObject({ disabled: false, reviewed: found });
});

it('leaves a digest of the manifest to the manifest', async () => {
  const pinned = `sha256:${'0'.repeat(64)}`;
  const loaded = await load(`, digest: "${pinned}"`);
  const { found, reviewed, disabled } = await reviewPackage(loaded, 's');
  expect({ reviewed, disabled }).toEqual({ reviewed: pinned, disabled: true });
  const accepting = acceptServer(loaded, 's', found);
  await expect(accepting).rejects.toMatchObject({ code: 'E_CONFIG' });
  await expect(accepting).rejects.toThrow('chaperone.yaml:4 pins another digest');
});

it.each([
  ['none', `sha256:${'0'.repeat(64)}`, 'E_NOT_FOUND'],
  ['plain', `sha256:${'0'.repeat(64)}`, 'E_USAGE'],
  ['s', 'yes', 'E_USAGE'],
])('refuses to accept %s as %s', async (name, seen, code) => {
  await expect(acceptServer(await load(), name, seen)).rejects.toMatchObject({ code });
});
