import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { limits } from '../../base/limits.ts';
import { ConfigFault } from './config-problem.ts';
import { defaultConfig, loadConfig } from './load-config.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-load-'));
  file = join(folder, 'chaperone.yaml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function messageOf(): Promise<string> {
  try {
    await loadConfig(file);
    return 'loaded';
  } catch (error) {
    if (error instanceof ConfigFault) return error.message.replaceAll(`${folder}/`, '');
    throw error;
  }
}

describe('loadConfig', () => {
  it('reads the file and the policies it names, each with its digest', async () => {
    await mkdir(join(folder, 'policies'));
    await writeFile(file, 'version: 1\npolicies: [policies/a.cedar]\n');
    await writeFile(join(folder, 'policies/a.cedar'), 'permit(principal, action, resource);');
    const loaded = await loadConfig(file);
    const policy = join(folder, 'policies/a.cedar');
    expect(loaded.policies).toEqual([{ file: policy, text: 'permit(principal, action, resource);' }]);
    expect(loaded.files.map((each) => each.file)).toEqual([file, policy]);
    expect(loaded.files[0]?.digest).toBe(digestBytes('version: 1\npolicies: [policies/a.cedar]\n'));
    expect(loaded.folder).toBe(folder);
  });

  it('is another version exactly when a byte is another', async () => {
    await writeFile(file, 'version: 1\npolicies: [a.cedar]\n');
    await writeFile(join(folder, 'a.cedar'), '');
    const { digest } = await loadConfig(file);
    expect((await loadConfig(file)).digest).toBe(digest);
    await appendFile(join(folder, 'a.cedar'), ' ');
    const second = (await loadConfig(file)).digest;
    await appendFile(file, '# a line that moves others\n');
    expect(new Set([digest, second, (await loadConfig(file)).digest]).size).toBe(3);
  });

  it('takes a byte order mark', async () => {
    await writeFile(file, '\uFEFFversion: 1\n');
    expect((await loadConfig(file)).manifest.version).toBe(1);
  });

  it.each([
    ['is missing', async () => {}, 'chaperone.yaml:1:1: `chaperone.yaml` does not exist'],
    ['is a folder', () => mkdir(file), 'chaperone.yaml:1:1: `chaperone.yaml` is a folder'],
    [
      'is a pipe',
      async () => execFileSync('mkfifo', [file]),
      'chaperone.yaml:1:1: `chaperone.yaml` is not a regular file',
    ],
    [
      'is not text',
      () => writeFile(file, Buffer.of(0xff, 0xfe)),
      'chaperone.yaml:1:1: `chaperone.yaml` is not UTF-8 text',
    ],
    [
      'is too large',
      () => writeFile(file, Buffer.alloc(limits.configBytes + 1, 32)),
      'chaperone.yaml:1:1: `chaperone.yaml` is larger than 1,048,576 bytes',
    ],
    [
      'names policies that cannot be read, all at once',
      () => writeFile(file, 'version: 1\npolicies:\n  - none.cedar\n  - .\n'),
      'chaperone.yaml:3:5: `none.cedar` does not exist\nchaperone.yaml:4:5: `.` is a folder',
    ],
  ])('says so when the file %s', async (_, prepare, message) => {
    await prepare();
    expect(await messageOf()).toBe(message);
  });
});

describe('defaultConfig', () => {
  it('is provisional and configures nothing', () => {
    const { manifest, policies, warnings } = defaultConfig(folder);
    expect(manifest).toMatchObject({ mode: 'provisional', tenant: 'default' });
    expect([Object.keys(manifest.servers), Object.keys(manifest.agents), policies, warnings]).toEqual([[], [], [], []]);
  });
});
