import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig, loadText } from './config/load-config.ts';
import { dataFolder, ownFolder, placeData } from './data-folder.ts';

let root: string;
let project: string;
let environment: Readonly<Record<string, string>>;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'chaperone-data-')));
  project = join(root, 'my project');
  environment = { XDG_STATE_HOME: join(root, 'state') };
  await mkdir(project);
  await writeFile(join(project, 'chaperone.yaml'), 'version: 1\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const load = (more = '', folder = project) => loadText(`version: 1\n${more}`, 'chaperone.yaml', folder);
async function makeFormer(mode = 0o700): Promise<string> {
  const former = join(project, '.chaperone');
  await mkdir(join(former, 'keys'), { recursive: true });
  await chmod(former, mode);
  return former;
}

describe('the data folder', () => {
  it('lies outside of the project, under a name that people can tell', async () => {
    const folder = dataFolder(await load(), environment);
    expect(folder).toMatch(/\/state\/chaperone\/my-project-[0-9a-f]{12}$/);
    expect(placeData(await load(), environment)).toEqual({ folder });
  });

  it('is the same by whatever way the file is reached, before and after it is there', async () => {
    const folder = dataFolder(await load(), environment);
    await symlink(project, join(root, 'link'));
    expect(dataFolder(await load('', join(root, 'link')), environment)).toBe(folder);
    expect(dataFolder(defaultConfig(project), environment)).toBe(folder);
    await rm(join(project, 'chaperone.yaml'));
    expect(dataFolder(defaultConfig(project), environment)).toBe(folder);
    expect(ownFolder(join(project, 'other.yaml'), environment)).not.toBe(folder);
  });

  it('is where the configuration says, relative to it', async () => {
    await makeFormer();
    expect(dataFolder(await load('data: state\n'), environment)).toBe(join(project, 'state'));
    expect(dataFolder(await load('data: /var/lib/x\n'), environment)).toBe('/var/lib/x');
  });

  it('stays where it was beside the configuration, and says how to move it', async () => {
    const former = await makeFormer();
    const { folder, warning } = placeData(await load(), environment);
    expect(folder).toBe(former);
    const own = ownFolder(join(project, 'chaperone.yaml'), environment);
    expect(warning).toContain(`mv '${former}'/* '${own}'`);
    await mkdir(join(own, 'keys'), { recursive: true });
    expect(placeData(await load(), environment)).toEqual({ folder: own });
  });

  it.skipIf(process.platform === 'win32')('is none that came with the project', async () => {
    await makeFormer(0o755);
    expect(dataFolder(await load(), environment)).toContain(join(root, 'state'));
  });

  it('is below the home folder where nothing else is said', async () => {
    if (process.platform !== 'linux') return;
    expect(dataFolder(await load(), { HOME: '/home/ada' })).toMatch(/^\/home\/ada\/\.local\/state\/chaperone\//);
    expect(dataFolder(await load(), { HOME: '/home/ada', XDG_STATE_HOME: 'relative' })).toMatch(/^\/home\/ada\//);
  });
});
