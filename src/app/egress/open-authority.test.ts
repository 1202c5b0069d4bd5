import { chmod, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { authorityFolder, openAuthority } from './open-authority.ts';

let data: string;
let file: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'authority-'));
  file = join(authorityFolder(data), 'authority.pem');
});
afterEach(() => rm(data, { recursive: true }));
const open = async () => (await openAuthority(data, systemClock)).certificate.toString('pem');

describe('the authority of an installation', () => {
  it('is made once, of its own for each, for its owner’s eyes alone', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, open));
    expect(new Set(all).size).toBe(1);
    expect(await open()).toBe(all[0]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(authorityFolder(data))).mode & 0o777).toBe(0o700);
    expect(await readdir(authorityFolder(data))).toEqual(['authority.pem']);
    const other = await mkdtemp(join(tmpdir(), 'authority-'));
    expect((await openAuthority(other, systemClock)).certificate.toString('pem')).not.toBe(all[0]);
    await rm(other, { recursive: true });
  });

  it.each([0o640, 0o604, 0o660])('is not used where others may read its key: %o', async (mode) => {
    await open();
    await chmod(file, mode);
    await expect(open()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining('chmod 600') });
  });

  it('is not taken from where a link leads', async () => {
    await open();
    const elsewhere = join(data, 'elsewhere.pem');
    await rm(file);
    await symlink(elsewhere, file);
    await expect(open()).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});
