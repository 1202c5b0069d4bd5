import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { closeServer, listen } from '../attacks/egress-world.ts';

/** A registry of npm and an index of Python packages on loopback, with one package each, that serves what it is told to. */
export interface Registry {
  readonly port: number;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What npm and pip are to find: `left` and `right`, each with its digest. */
  readonly integrity: string;
  readonly hash: string;
  /** Serves other bytes under the same names. */
  tamper(): void;
  mend(): void;
  close(): Promise<void>;
}

const WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('right/__init__.py', 'VALUE = %r\\n' % sys.argv[2])
    wheel.writestr('right-1.0.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: right\\nVersion: 1.0.0\\n')
    wheel.writestr('right-1.0.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('right-1.0.0.dist-info/RECORD', '')
`;

async function makeArchive(value: string): Promise<Buffer> {
  const archive = pack();
  const manifest = {
    ...{ name: 'left', version: '1.0.0', type: 'module', exports: './index.js' },
    scripts: { postinstall: 'touch ran' },
  };
  archive.entry({ name: 'package/package.json' }, JSON.stringify(manifest));
  archive.entry({ name: 'package/index.js' }, `export const value = '${value}';\n`);
  archive.finalize();
  return gzipSync(await buffer(archive));
}

async function makeWheel(value: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'wheel-'));
  try {
    const file = join(folder, 'right-1.0.0-py3-none-any.whl');
    execFileSync('/usr/bin/python3', ['-c', WHEEL, file, value]);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function openRegistry(): Promise<Registry> {
  const good = { archive: await makeArchive('from left'), wheel: await makeWheel('from right') };
  const bad = { archive: await makeArchive('from somebody else'), wheel: await makeWheel('from somebody else') };
  let served = good;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    if (path === '/left/-/left-1.0.0.tgz') return response.end(served.archive);
    if (path === '/files/right-1.0.0-py3-none-any.whl') return response.end(served.wheel);
    if (path !== '/simple/right/') return response.writeHead(404).end();
    response.setHeader('content-type', 'text/html');
    return response.end('<a href="/files/right-1.0.0-py3-none-any.whl">right-1.0.0-py3-none-any.whl</a>');
  });
  return {
    port: await listen(server),
    asked,
    integrity: `sha512-${createHash('sha512').update(good.archive).digest('base64')}`,
    hash: createHash('sha256').update(good.wheel).digest('hex'),
    tamper: () => {
      served = bad;
    },
    mend: () => {
      served = good;
    },
    close: () => closeServer(server),
  };
}
