import { execFile } from 'node:child_process';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { findProgram } from '../find-program.ts';

/** What every machine has, besides Python and Node: a shell and what shells are used for. */
const PROGRAMS =
  'sh env setpriv bwrap cat cp cut date dd echo env expr false find grep gzip head ln ls mkdir mkfifo mktemp mv od ' +
  'printf pwd readlink rm rmdir sed seq sleep sort stat tail tar tee test touch tr true uname uniq wc xargs';
const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin'];
const ETC = ['/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/mime.types', '/etc/ssl/certs/ca-certificates.crt'];
/** Of a language, but for its authors. */
const LEFT_OUT = new Set(['test', 'tests', 'idlelib', 'lib2to3', 'turtledemo', 'ensurepip', 'tkinter']);
const MOST_FOLDER_DEPTH = 8;

/** A path of the disk, and where on the host it comes from. A link’s `to` is what it says. */
export type DiskFile =
  | { readonly path: string; readonly from: string; readonly bytes: number; readonly changedMs: number }
  | { readonly path: string; readonly to: string };

/**
 * The programs of a machine, with every library they load: of the system’s own, so that programs in it behave as they do
 * beside it. Sorted by path.
 */
export async function listDiskFiles(node: string, named: readonly string[]): Promise<readonly DiskFile[]> {
  const files = new Map<string, DiskFile>();
  const python = await findProgram('python3', FOLDERS);
  const names = [...new Set([...PROGRAMS.split(' '), ...named])];
  const found = await Promise.all(names.map((name) => findProgram(name, FOLDERS)));
  const programs = [...found.filter((path) => path !== undefined), ...(python === undefined ? [] : [python])];
  const libraries = python === undefined ? [] : await listFolder(await askStandardLibrary(python), 0);
  const loaded = await listLoaded([...programs, node, ...libraries.filter((path) => path.endsWith('.so'))]);
  for (const path of [...programs, ...libraries, ...loaded, ...ETC]) await addWithLinks(files, path);
  for (const folder of ['/bin', '/sbin', '/lib', '/lib64', '/lib32']) {
    if ((await lstat(folder).catch(() => undefined))?.isSymbolicLink())
      files.set(folder, { path: folder, to: await readlink(folder) });
  }
  const own = await lstat(node);
  files.set('/opt/node', { path: '/opt/node', from: node, bytes: own.size, changedMs: own.mtimeMs });
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file by the real name of its folder, and whatever it links to. */
async function addWithLinks(files: Map<string, DiskFile>, named: string): Promise<void> {
  const folder = await realpath(dirname(named)).catch(() => undefined);
  if (folder === undefined) return;
  const path = join(folder, basename(named));
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined || files.has(path)) return;
  if (!stats.isSymbolicLink()) {
    if (stats.isFile()) files.set(path, { path, from: path, bytes: stats.size, changedMs: stats.mtimeMs });
    return;
  }
  const to = await readlink(path);
  files.set(path, { path, to });
  await addWithLinks(files, resolve(folder, to));
}

async function listFolder(folder: string, depth: number): Promise<readonly string[]> {
  if (depth > MOST_FOLDER_DEPTH) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const lists = entries.map(async (entry): Promise<readonly string[]> => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : listFolder(path, depth + 1);
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
  return (await Promise.all(lists)).flat();
}

async function askStandardLibrary(python: string): Promise<string> {
  return (await ask(python, ['-I', '-S', '-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))'])).trim();
}

/** The system’s own answer to which libraries its own programs load. */
async function listLoaded(programs: readonly string[]): Promise<readonly string[]> {
  const text = await ask('ldd', programs);
  return [...new Set([...text.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, path = '']) => path))];
}

/** What a program prints, whatever it makes of the rest: `ldd` fails on scripts. */
function ask(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done) =>
    execFile(command, [...args], { env: { PATH: FOLDERS.join(':') }, maxBuffer: 16_777_216 }, (_, stdout) =>
      done(stdout),
    ),
  );
}
