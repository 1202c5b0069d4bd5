import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProbeUser } from './bypass.ts';

/** The user of a number with the groups the system gives them. One the system does not know has none but their number. */
export async function findUser(uid: number): Promise<ProbeUser> {
  const [gid, groups] = await Promise.all([ask('-g', uid), ask('-G', uid)]);
  return { uid, gid: gid[0] ?? uid, groups: groups.length > 0 ? groups : [gid[0] ?? uid] };
}

async function ask(option: '-g' | '-G', uid: number): Promise<readonly number[]> {
  try {
    const { stdout } = await promisify(execFile)('id', [option, '--', String(uid)], { timeout: 10_000 });
    return stdout.trim().split(/\s+/).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
