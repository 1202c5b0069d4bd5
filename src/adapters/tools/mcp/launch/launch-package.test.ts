import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../base/clock.ts';
import type { ErrorCode } from '../../../../base/errors.ts';
import { Fault } from '../../../../base/fault.ts';
import { Secret } from '../../../../base/secret.ts';
import { installServer } from './install-server.ts';
import type { Launch } from './launch.ts';
import { acceptPackage, launchPackage, type PackageOptions } from './launch-package.ts';
import { printPin, readPin } from './print-pin.ts';

const run = promisify(execFile);
const PATH = execFileSync('sh', ['-c', 'printf %s "$PATH"'], { encoding: 'utf8' });
const PACKAGE = '@acme/echo-mcp@1.2.3';

let base: string;
let archive: string;
let integrity: string;
let pristine: string;
let serversFolder: string;
let environment: Record<string, string>;

/** Writes a package, packs it with the real npm, and returns the archive. */
async function pack(folder: string, files: Record<string, string>): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', base], {
    cwd: folder,
    env: environment,
  });
  const report: unknown = JSON.parse(stdout);
  const [packed] = Object.values(report as Record<string, { filename: string }>); // a list, or by name, as npm is old or new
  return join(base, (packed?.filename ?? '').replace('@', '').replace('/', '-'));
}

async function integrityOf(file: string): Promise<string> {
  return `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'chaperone-launch-'));
  environment = { PATH, HOME: base, npm_config_offline: 'true', npm_config_cache: join(base, 'cache') };
  const dependency = await pack(join(base, 'greeting'), {
    'package.json': JSON.stringify({ name: 'greeting', version: '2.0.0', main: 'index.js' }),
    'index.js': 'module.exports = () => "hello";\n',
  });
  archive = await pack(join(base, 'echo'), {
    'package.json': JSON.stringify({
      name: '@acme/echo-mcp',
      version: '1.2.3',
      bin: { 'echo-mcp': 'serve.js', 'echo-admin': 'serve.js', native: 'native.sh' },
      dependencies: { greeting: `file:${dependency}` },
      peerDependencies: { frill: '*' },
      peerDependenciesMeta: { frill: { optional: true } },
      scripts: { postinstall: `touch ${join(base, 'script-ran')}` },
    }),
    'serve.js': `#!/usr/bin/env node
console.log(JSON.stringify({ says: require('greeting')(), args: process.argv.slice(2), env: process.env, cwd: process.cwd() }));
`,
    'native.sh': '#!/bin/sh\necho native\n',
  });
  integrity = await integrityOf(archive);
  pristine = join(base, 'pristine');
  await installServer({
    package: PACKAGE,
    integrity,
    archive,
    serversFolder: pristine,
    environment,
    clock: systemClock,
  });
}, 60_000);

afterAll(() => rm(base, { recursive: true, force: true }));

beforeEach(async () => {
  serversFolder = await mkdtemp(join(base, 'servers-'));
  await cp(pristine, serversFolder, { recursive: true });
});

function options(over: Partial<PackageOptions> = {}): PackageOptions {
  return {
    package: PACKAGE,
    integrity,
    bin: 'echo-mcp',
    args: ['--quiet'],
    env: {},
    folder: base,
    environment,
    clock: systemClock,
    serversFolder,
    ...over,
  };
}

function start(launch: Launch): Promise<{ stdout: string }> {
  return run(launch.command, [...launch.args], { cwd: launch.cwd, env: { ...launch.env } });
}

function inTree(...path: string[]): string {
  return join(serversFolder, '@acme+echo-mcp@1.2.3', 'node_modules', ...path);
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'nothing'> {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

describe('installServer', () => {
  it('runs no script of the package', async () => {
    await expect(stat(join(base, 'script-ran'))).rejects.toThrow();
  });

  it('refuses another integrity than declared, and leaves nothing behind', async () => {
    const empty = await mkdtemp(join(base, 'empty-'));
    const other = `sha512-${'A'.repeat(86)}==`;
    const install = installServer({
      package: PACKAGE,
      integrity: other,
      archive,
      serversFolder: empty,
      environment,
      clock: systemClock,
    });
    expect(await codeOf(install)).toBe('E_SERVER_INTEGRITY');
    expect(await readdir(empty)).toEqual([]);
  });

  it('refuses files other than the declared digest and keeps what was installed', async () => {
    const digest = `sha256:${'0'.repeat(64)}` as const;
    const install = installServer({
      package: PACKAGE,
      integrity,
      digest,
      archive,
      serversFolder,
      environment,
      clock: systemClock,
    });
    expect(await codeOf(install)).toBe('E_SERVER_INTEGRITY');
    await start(await launchPackage(options()));
  });

  it('refuses an archive that holds another version', async () => {
    const install = installServer({
      package: '@acme/echo-mcp@1.2.4',
      archive,
      serversFolder,
      environment,
      clock: systemClock,
    });
    expect(await codeOf(install)).toBe('E_SERVER_INTEGRITY');
  });

  it('says that the folder cannot be written', async () => {
    const install = {
      package: PACKAGE,
      archive,
      environment,
      clock: systemClock,
      serversFolder: join(archive, 'servers'),
    };
    await expect(installServer(install)).rejects.toMatchObject({
      code: 'E_SERVER_LAUNCH',
      message: expect.stringMatching(/cannot be written/),
    });
  });

  it('says that npm is missing or failed', async () => {
    const install = (over: object) =>
      installServer({ package: PACKAGE, archive, serversFolder, environment, clock: systemClock, ...over });
    await expect(install({ environment: { PATH: base } })).rejects.toThrow(/npm is not in PATH/);
    await expect(install({ archive: join(base, 'missing.tgz') })).rejects.toThrow(/npm failed with ENOENT/);
  });

  it('installs the same tree wherever and whenever it is done', async () => {
    const elsewhere = await mkdtemp(join(base, 'elsewhere-'));
    const again = await installServer({
      package: PACKAGE,
      archive,
      serversFolder: elsewhere,
      environment,
      clock: systemClock,
    });
    expect(again).toMatchObject(await readPin(PACKAGE, { serversFolder }));
  });
});

describe('launchPackage', () => {
  it('starts the program with what is declared for it, and nothing of the gateway’s secrets', async () => {
    const launch = await launchPackage(
      options({
        env: { MAIL_KEY: new Secret('env:MAIL_KEY', 'hunter2'), PLAIN: 'yes' },
        environment: { ...environment, GATEWAY_SECRET: 'do not pass on', NODE_OPTIONS: '--no-warnings', LANG: 'C' },
      }),
    );
    const seen = JSON.parse((await start(launch)).stdout);
    expect(seen).toMatchObject({ says: 'hello', args: ['--quiet'], cwd: base });
    expect(seen.env).toMatchObject({ MAIL_KEY: 'hunter2', PLAIN: 'yes', LANG: 'C', HOME: base });
    expect(Object.keys(seen.env).sort()).toEqual(['HOME', 'LANG', 'MAIL_KEY', 'PATH', 'PLAIN']);
    expect(launch.command).toBe(process.execPath);
  });

  it('starts a program that is not JavaScript by itself', async () => {
    expect((await start(await launchPackage(options({ bin: 'native' })))).stdout).toBe('native\n');
  });

  it('starts the program named like the package where none is named', async () => {
    const { bin: _, ...rest } = options();
    expect((await start(await launchPackage(rest))).stdout).toContain('hello');
  });

  const changes: [string, () => Promise<void>][] = [
    ['a byte of the package', () => appendFile(inTree('@acme/echo-mcp/serve.js'), '//')],
    ['a byte of a dependency', () => appendFile(inTree('greeting/index.js'), '//')],
    ['a file more', () => writeFile(inTree('@acme/echo-mcp/extra.js'), '')],
    ['a file less', () => rm(inTree('greeting/index.js'))],
    [
      'a dependency that shadows the real one',
      () => cp(inTree('greeting'), inTree('@acme/echo-mcp/node_modules/greeting'), { recursive: true }),
    ],
    [
      'an optional dependency that was not there',
      () => cp(inTree('greeting'), join(serversFolder, 'node_modules/frill'), { recursive: true }),
    ],
    ['a package.json above', () => writeFile(inTree('..', 'package.json'), '{"type":"module"}')],
  ];
  it.each(changes)('refuses after a change of %s, and stays disabled until it is reviewed', async (_, change) => {
    await start(await launchPackage(options()));
    await change();
    expect(await codeOf(launchPackage(options()))).toBe('E_SERVER_INTEGRITY');

    const installed = join(serversFolder, '@acme+echo-mcp@1.2.3');
    await rm(installed, { recursive: true });
    await rm(join(serversFolder, 'node_modules'), { recursive: true, force: true });
    await cp(join(pristine, '@acme+echo-mcp@1.2.3'), installed, { recursive: true });
    await expect(launchPackage(options())).rejects.toThrow(/disabled/);

    const { digest } = await readPin(PACKAGE, { serversFolder });
    expect(await codeOf(acceptPackage(options(), `sha256:${'0'.repeat(64)}`))).toBe('E_SERVER_INTEGRITY');
    await expect(launchPackage(options())).rejects.toThrow(/disabled/);
    await acceptPackage(options(), digest);
    await start(await launchPackage(options()));
  });

  it('refuses an integrity other than that of the installed package', async () => {
    expect(await codeOf(launchPackage(options({ integrity: `sha512-${'A'.repeat(86)}==` })))).toBe(
      'E_SERVER_INTEGRITY',
    );
  });

  it('takes a digest of the manifest over the record', async () => {
    const { digest } = await readPin(PACKAGE, { serversFolder });
    await rm(join(serversFolder, 'pins'), { recursive: true });
    await start(await launchPackage(options({ digest })));
    expect(await codeOf(launchPackage(options({ digest: `sha256:${'0'.repeat(64)}` })))).toBe('E_SERVER_INTEGRITY');
  });

  it('refuses when the record is missing, damaged, or of another package', async () => {
    const file = join(serversFolder, 'pins', '@acme+echo-mcp@1.2.3.json');
    const record = await readFile(file, 'utf8');
    for (const text of ['', '{}', record.replace('1.2.3', '1.2.4'), record.replace('sha512-', 'sha512-x')]) {
      await writeFile(file, text);
      expect(await codeOf(launchPackage(options()))).toBe('E_SERVER_INTEGRITY');
    }
    await rm(file);
    expect(await codeOf(launchPackage(options()))).toBe('E_SERVER_INTEGRITY');
  });

  it('keeps the record to itself', async () => {
    const { mode } = await stat(join(serversFolder, 'pins', '@acme+echo-mcp@1.2.3.json'));
    expect(mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a floating version', { package: '@acme/echo-mcp@latest' }, /exact version/],
    ['a range', { package: '@acme/echo-mcp@^1.2.3' }, /exact version/],
    ['a package that is not installed', { package: 'absent@1.0.0' }, /not installed/],
    ['a name that leads elsewhere', { package: '../echo@1.2.3' }, /exact version/],
    ['an unknown program', { bin: 'toString' }, /has no program `toString`; it has `echo-mcp`/],
    ['a missing folder', { cwd: 'nowhere' }, /does not exist/],
    ['a variable that loads code', { env: { NODE_OPTIONS: '--require /tmp/x.js' } }, /NODE_OPTIONS/],
  ] as const)('refuses %s', async (_, over, message) => {
    const launch = launchPackage(options(over));
    await expect(launch).rejects.toThrow(message);
    expect(await codeOf(launch)).toBe('E_SERVER_LAUNCH');
  });
});

describe('a package among a project’s dependencies', () => {
  async function project(): Promise<string> {
    const folder = await mkdtemp(join(base, 'project-'));
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', archive], {
      cwd: folder,
      env: environment,
    });
    return folder;
  }
  const places = (folder: string) => options({ serversFolder: join(folder, 'servers'), projectFolders: [folder] });

  it('is started where version and integrity fit, and held to its files from then on', async () => {
    const folder = await project();
    await start(await launchPackage(places(folder)));
    await start(await launchPackage(places(folder)));
    await appendFile(join(folder, 'node_modules/greeting/index.js'), '//');
    expect(await codeOf(launchPackage(places(folder)))).toBe('E_SERVER_INTEGRITY');
    await expect(launchPackage(places(folder))).rejects.toThrow(/disabled/);
  });

  it('is refused when something is put where Node looks first', async () => {
    const folder = await project();
    await launchPackage(places(folder));
    const shadow = join(folder, 'node_modules/@acme/node_modules/greeting');
    await cp(join(folder, 'node_modules/greeting'), shadow, { recursive: true });
    expect(await codeOf(launchPackage(places(folder)))).toBe('E_SERVER_INTEGRITY');
  });

  it('is refused with another integrity, or none', async () => {
    const folder = await project();
    const lock = join(folder, 'node_modules/.package-lock.json');
    const text = await readFile(lock, 'utf8');
    for (const wrong of [text.replaceAll(integrity, `sha512-${'A'.repeat(86)}==`), '{"packages":{}}', '{', '[]']) {
      await writeFile(lock, wrong);
      expect(await codeOf(launchPackage(places(folder)))).toBe('E_SERVER_INTEGRITY');
    }
  });

  it('is the file-system server this repository depends on', async () => {
    const root = resolve(import.meta.dirname, '../../../../..');
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
    const entry = lock.packages['node_modules/@modelcontextprotocol/server-filesystem'];
    const spec = `@modelcontextprotocol/server-filesystem@${entry.version}`;
    const where = { serversFolder: await mkdtemp(join(base, 'fs-')), projectFolders: [root] };
    const { bin: _, ...rest } = options({ package: spec, integrity: entry.integrity, ...where });
    expect((await launchPackage(rest)).args[0]).toMatch(/server-filesystem\/dist\/index\.js$/);
    expect(await printPin(spec, where)).toMatch(
      /^package: "@modelcontextprotocol\/server-filesystem@[\d.]+"\nintegrity: sha512-\S+\ndigest: sha256:[0-9a-f]{64}\n$/,
    );
  });
});

describe('printPin', () => {
  it('says what to do about a package that is not installed', async () => {
    await expect(printPin('absent@1.0.0', { serversFolder })).rejects.toThrow(/chaperone servers install absent@1.0.0/);
  });
});
