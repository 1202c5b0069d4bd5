import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const nameOf = (purpose: string) => `localhost/chaperone-${purpose}`;
/** As Debian merges them: links, which everything else is found by. */
const LINKS = ['/bin', '/sbin', '/lib', '/lib64'];

/**
 * An image of this host's own shell, coreutils, Python and Node, with the libraries they need: no registry is asked for one.
 * Returns its name by digest.
 */
export async function buildImage(engine: string, purpose: string): Promise<string> {
  const name = nameOf(purpose);
  const python = realpathSync('/usr/bin/python3');
  const library = `/usr/lib/${python.slice('/usr/bin/'.length)}`;
  const ofPackages = execFileSync('dpkg', ['-L', 'coreutils', 'util-linux'], { encoding: 'utf8' }).split('\n');
  const programs = ofPackages
    .filter((path) => /^(\/usr)?\/bin\/./.test(path))
    .map((path) => `/usr/bin/${path.slice(path.lastIndexOf('/') + 1)}`)
    .concat('/usr/bin/sh', realpathSync('/usr/bin/sh'), '/usr/bin/python3', python)
    .filter((path) => existsSync(path));
  const modules = (await readdir(`${library}/lib-dynload`)).map((name) => `${library}/lib-dynload/${name}`);
  const { stdout } = await run('ldd', [...programs, ...modules, process.execPath], { maxBuffer: 10_000_000 }).catch(
    (error) => error,
  ); // scripts
  const libraries = [...new Set(String(stdout).match(/\/[^\s:()]+\.so[^\s:()]*/g))].filter((path) => existsSync(path));
  const all = [...programs, ...libraries, ...libraries.map((path) => realpathSync(path)), library];
  const merged = all.map((path) => path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/'));
  // What lies in the folder of Python comes with it, and no file may come twice.
  const paths = [...new Set(merged)].filter((path) => !path.startsWith(`${library}/`));
  const left = ['dist-packages', '__pycache__', 'test'].map((name) => `--exclude=${name}`);
  // Node is wherever it was installed to.
  const node = realpathSync(process.execPath);
  const renamed = `--transform=s,^${node.slice(1)}$,usr/bin/node,`;
  // A folder that is not among them by itself is made by Docker so that root alone may enter it.
  const folders = new Set([...paths, library].flatMap(foldersAbove));
  const first = ['--no-recursion', ...folders, '--recursion'];
  return importFiles(engine, name, ['--hard-dereference', renamed, ...left, ...first, ...LINKS, ...paths, node]);
}

/** An image with nothing in it that runs anything. */
export function buildBareImage(engine: string): Promise<string> {
  return importFiles(engine, nameOf('bare'), ['/etc/hostname']);
}

function foldersAbove(path: string): readonly string[] {
  const steps = path.split('/').slice(1, -1);
  return steps.map((_, index) => `/${steps.slice(0, index + 1).join('/')}`);
}

async function importFiles(engine: string, name: string, files: readonly string[]): Promise<string> {
  const tar = spawn('tar', ['-c', ...files], { stdio: ['ignore', 'pipe', 'ignore'] });
  const imported = spawn(engine, ['import', '-', name], { stdio: [tar.stdout, 'ignore', 'pipe'] });
  let complaint = '';
  imported.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const code = await new Promise((resolve) => imported.once('close', resolve));
  if (code !== 0) throw new Error(`the image could not be made: ${complaint}`);
  // What Docker imports has no digest but that of its own.
  const what = engine.endsWith('docker') ? '{{.Id}}' : `${name}@{{.Digest}}`;
  const shown = await run(engine, ['image', 'inspect', '--format', what, name]);
  return shown.stdout.trim();
}

export async function removeImage(engine: string, purpose: string): Promise<void> {
  await run(engine, ['rmi', '--force', nameOf(purpose)]);
}
