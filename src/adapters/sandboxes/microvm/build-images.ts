import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestBytes, digestJson } from '../../../base/digest.ts';
import { Fault } from '../../../base/fault.ts';
import { makeOwnFolder } from '../../../base/own-folder.ts';
import type { MachineParts } from './find-machine-parts.ts';
import { INIT } from './guest-init.ts';
import { type DiskFile, listDiskFiles } from './list-disk-files.ts';
import { writeInitramfs } from './write-initramfs.ts';

/** Files that machines start from: read by all of them, changed by none. */
export interface Images {
  readonly initramfs: string;
  readonly disk: string;
}

/** Folders of the disk that something is mounted on. */
const EMPTY = ['/proc', '/dev', '/sys', '/tmp', '/run', '/root', '/etc', '/job', '/input', '/opt', '/work'];
const BLOCK_BYTES = 4_096;
/** For the names of files, and for folders. */
const SPARE_BYTES = 16_777_216;
const PROGRAM_BIT = 0o111;

/**
 * Builds what is missing in `folder`, by names that say what it was made of. `programs` are those that a machine has
 * besides the usual ones. Rejects with a `Fault` E_SANDBOX.
 */
export async function buildImages(
  parts: MachineParts,
  node: string,
  programs: readonly string[],
  folder: string,
): Promise<Images> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const bytes = writeInitramfs([
      ...['bin', 'proc', 'sys', 'dev', 'disk', 'modules'].map((path) => ({ path })),
      { path: 'bin/busybox', bytes: await readFile(parts.busybox), isProgram: true },
      ...parts.modules,
      { path: 'modules/order', bytes: Buffer.from(parts.modules.map(({ path }) => `${path.slice(8)}\n`).join('')) },
      { path: 'init', bytes: Buffer.from(INIT), isProgram: true },
    ]);
    const initramfs = join(folder, `first-${shorten(digestBytes(bytes))}.cpio`);
    await makeOnce(initramfs, (draft) => writeFile(draft, bytes));
    const files = await listDiskFiles(node, programs);
    const disk = join(folder, `disk-${shorten(digestJson([EMPTY, files.map((file) => ({ ...file }))]))}.ext4`);
    await makeOnce(disk, (draft) => makeDisk(parts.mke2fs, files, draft));
    return { initramfs, disk };
  } catch (cause) {
    throw new Fault('E_SANDBOX', `what machines start from could not be made in ${folder}`, { cause });
  }
}

/** A disk of a folder’s files, that is to be read alone. */
export async function makeFolderDisk(mke2fs: string, folder: string, bytes: number, file: string): Promise<void> {
  const blocks = Math.ceil((bytes + SPARE_BYTES) / BLOCK_BYTES);
  const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-b', `${BLOCK_BYTES}`, '-d', folder];
  await runQuietly(mke2fs, [...options, file, `${blocks}`]);
}

async function makeDisk(mke2fs: string, files: readonly DiskFile[], file: string): Promise<void> {
  const stage = await makeOwnFolder('disk');
  try {
    let bytes = 0;
    for (const folder of EMPTY) await mkdir(stage + folder, { recursive: true });
    for (const entry of files.filter((entry) => 'from' in entry)) {
      const to = stage + entry.path;
      await mkdir(dirname(to), { recursive: true });
      await copyFile(entry.from, to);
      const { mode } = await stat(entry.from);
      await chmod(to, (mode & PROGRAM_BIT) === 0 ? 0o644 : 0o755);
      bytes += Math.ceil(entry.bytes / BLOCK_BYTES + 1) * BLOCK_BYTES;
    }
    for (const entry of files.filter((entry) => 'to' in entry)) {
      await mkdir(dirname(stage + entry.path), { recursive: true });
      await symlink(entry.to, stage + entry.path);
    }
    await makeFolderDisk(mke2fs, stage, bytes, file);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Several gateways may start at once: each makes its own, and the last name wins over an equal file. */
async function makeOnce(file: string, make: (draft: string) => Promise<void>): Promise<void> {
  if ((await stat(file).catch(() => undefined)) !== undefined) return;
  const draft = `${file}.${process.pid}`;
  try {
    await make(draft);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

function shorten(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 32);
}

function runQuietly(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) =>
    execFile(command, [...args], { env: {} }, (error) => (error === null ? resolve() : reject(error))),
  );
}
