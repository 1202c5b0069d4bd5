import { limits } from '../../../base/limits.ts';
import type { WorkFile } from '../../../ports/sandbox.ts';
import { Refused, type Workspace } from './workspace.ts';

/** Every file of a workspace, links left out. Throws a `Refused` where they are more than a sandbox has room for. */
export async function collectFiles(workspace: Workspace, mostBytes: number): Promise<readonly WorkFile[]> {
  const files: WorkFile[] = [];
  let left = mostBytes;
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const { name, kind } of await workspace.list(folder)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (kind === 'folder') folders.push(path);
      if (kind !== 'file') continue;
      const bytes = await workspace.read(path, left);
      left -= bytes.length;
      files.push({ path, bytes });
      if (files.length > limits.workspaceEntries) throw new Refused('the workspace has too many files for a sandbox');
    }
  }
  return files;
}
