import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../../base/fault.ts';
import { type CommandOptions, digestCommand, launchCommand } from './launch-command.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-command-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'code/deep'), { recursive: true });
  await writeFile(join(folder, 'bin/serve'), '#!/bin/sh\nprintf %s "$SECRET$KEY"\n');
  await chmod(join(folder, 'bin/serve'), 0o755);
  await writeFile(join(folder, 'code/deep/a.py'), 'a');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function options(over: Partial<CommandOptions> = {}): CommandOptions {
  return {
    command: './bin/serve',
    args: [],
    env: {},
    folder,
    environment: { PATH: join(folder, 'bin'), SECRET: 'of the gateway' },
    ...over,
  };
}

describe('launchCommand', () => {
  it('finds a program by path or in PATH and gives it its own environment alone', async () => {
    for (const command of ['./bin/serve', 'serve', join(folder, 'bin/serve')]) {
      const launch = await launchCommand(options({ command, env: { KEY: 'k' } }));
      expect(launch).toMatchObject({ command: join(folder, 'bin/serve'), cwd: folder });
      const env = { ...launch.env };
      expect(execFileSync(launch.command, { env, encoding: 'utf8' })).toBe('k');
    }
  });

  it('never looks in relative folders of PATH', async () => {
    const launch = launchCommand(options({ command: 'serve', environment: { PATH: 'bin:.:' } }));
    await expect(launch).rejects.toMatchObject({ code: 'E_SERVER_LAUNCH' });
  });

  const changes: [string, string[] | undefined, () => Promise<unknown>][] = [
    ['the command', undefined, () => appendFile(join(folder, 'bin/serve'), '#')],
    ['a named file', ['bin/serve'], () => appendFile(join(folder, 'bin/serve'), '#')],
    ['a file of a named folder', ['code'], () => appendFile(join(folder, 'code/deep/a.py'), '#')],
    ['the files of a named folder', ['code'], () => writeFile(join(folder, 'code/b.py'), '')],
    ['a named file that is gone', ['code/deep/a.py'], () => rm(join(folder, 'code/deep/a.py'))],
    ['a link that leads out', ['code'], () => symlink('/etc/hostname', join(folder, 'code/link'))],
  ];
  it.each(changes)('refuses after a change of %s', async (_, files, change) => {
    const covered = options(files === undefined ? {} : { files });
    const pinned = { ...covered, digest: await digestCommand(covered) };
    await launchCommand(pinned);
    await change();
    await expect(launchCommand(pinned)).rejects.toMatchObject({ code: 'E_SERVER_INTEGRITY' });
  });

  it.each([
    ['a program that is not there', { command: './bin/nothing' }, /does not exist/],
    ['a folder', { command: './bin' }, /does not exist or may not be executed/],
    ['a name that is in no folder of PATH', { command: 'nothing' }, /not in any folder of PATH/],
    ['a folder to start in that is not there', { cwd: 'nowhere' }, /`.*nowhere`, does not exist/],
  ] as const)('refuses %s', async (_, over, message) => {
    const launch = launchCommand(options(over));
    await expect(launch).rejects.toThrow(message);
    await expect(launch).rejects.toBeInstanceOf(Fault);
  });

  it('lets only a program that is not pinned have variables that load code', async () => {
    const env = { LD_PRELOAD: '/tmp/x.so' };
    expect((await launchCommand(options({ env }))).env).toMatchObject(env);
    const pinned = options({ env, digest: await digestCommand(options()) });
    await expect(launchCommand(pinned)).rejects.toThrow(/LD_PRELOAD/);
  });
});
