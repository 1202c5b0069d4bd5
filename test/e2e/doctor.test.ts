import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken, type RunningGateway, root, runCommand, startGateway } from './start-gateway.ts';

/*
 * `doctor` really attempts what an agent with a shell would attempt. As the same user it gets around: a seatbelt. As
 * another user, with everything private, it does not: a boundary. Opening one way at a time shows that each attempt
 * is made, and not merely listed.
 */

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

interface Report {
  readonly standing: 'seatbelt' | 'boundary';
  readonly checks: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
  readonly attempts: readonly { readonly name: string; readonly bypassed: boolean; readonly how: string }[];
}

let folder: string;
let config: string;
let data: string;
let programs: string;
let gateway: RunningGateway;

async function doctor(...args: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await runCommand(folder, ['--json', 'doctor', ...args]);
  const [line = ''] = stdout.split('\n');
  if (line === '') throw new Error(stderr);
  return JSON.parse(line) as Report;
}

const succeeded = ({ attempts }: Report) =>
  attempts
    .filter(({ bypassed }) => bypassed)
    .map(({ name }) => name)
    .sort();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-doctor-'));
  config = join(folder, 'chaperone.yaml');
  data = join(folder, '.chaperone');
  programs = join(folder, 'programs');
  await mkdir(programs, { mode: 0o700 });
  // A server whose program lies where only its owner can read it: as its own user it starts, as another it does not.
  await cp(join(root, 'test', 'e2e', 'leaky-server.ts'), join(programs, 'server.ts'));
  await writeFile(
    config,
    `version: 1
data: .chaperone
servers:
  local: { command: ${process.execPath}, args: [${join(programs, 'server.ts')}] }
`,
    { mode: 0o600 },
  );
  await chmod(folder, 0o755);
  await issueToken(folder, 'agent', 'agent');
  gateway = await startGateway(folder);
});
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The same configuration for a data folder that no gateway has used. */
async function writeUnused(): Promise<string> {
  const unused = join(folder, 'unused.yaml');
  const text = await readFile(config, 'utf8');
  await writeFile(unused, text.replace('data: .chaperone', 'data: .unused'), { mode: 0o600 });
  return unused;
}

describe('doctor as the same user', () => {
  it('is a seatbelt, and says every way around that worked', async () => {
    const report = await doctor();
    expect(report.standing).toBe('seatbelt');
    expect(succeeded(report)).toEqual(
      [
        'edit the configuration',
        'read the record',
        'answer its own approvals',
        'issue its own tokens',
        'put keys of its own in place',
        'change Chaperone itself',
        'change the program of `local`',
        'stop the gateway',
        'call `local` directly',
        ...(process.getuid?.() === 0 ? ['change what the kernel runs'] : []),
      ].sort(),
    );
    const { stdout } = await runCommand(folder, ['doctor']);
    expect(stdout).toContain('seatbelt: ');
    expect(stdout).not.toContain('boundary: ');
  });

  it('changes nothing by attempting', async () => {
    const before = await Promise.all([readFile(config, 'utf8'), readFile(join(data, 'store.db'), 'latin1')]);
    await doctor();
    expect(await Promise.all([readFile(config, 'utf8'), readFile(join(data, 'store.db'), 'latin1')])).toEqual(before);
    expect((await fetch(`${gateway.origin}/healthz`)).status).toBe(200);
  });

  it('finds the configuration wherever it is run from', async () => {
    const { stdout } = await runCommand(join(folder, '..'), [
      '--json',
      '--config',
      config.slice(tmpdir().length + 1),
      'doctor',
    ]);
    const report = JSON.parse(stdout.split('\n')[0] ?? '') as Report;
    expect(succeeded(report)).toContain('edit the configuration');
  });

  it('finds nothing wrong before a gateway has ever run', async () => {
    const { code, stdout } = await runCommand(folder, ['--config', await writeUnused(), 'doctor']);
    expect(stdout).toContain('nothing is recorded yet');
    expect(code).toBe(0);
  });

  it('ends with a code of its own where a check failed', async () => {
    await mkdir(join(folder, '.unused'), { mode: 0o755 });
    const { code, stdout, stderr } = await runCommand(folder, ['--config', await writeUnused(), 'doctor']);
    await rm(join(folder, '.unused'), { recursive: true });
    expect(stdout).toContain('✗ data folder: others can read ');
    expect(stderr).toContain('E_CHECKS_FAILED');
    expect(code).toBe(6);
  });

  it('needs root to attempt as another user, and says so instead of guessing', async () => {
    if (isRoot) return;
    const { code, stdout, stderr } = await runCommand(folder, ['doctor', '--user', String(NOBODY)]);
    expect(code).not.toBe(0);
    expect(stdout).not.toContain('boundary');
    expect(stderr).toContain('probe');
  });
});

describe.skipIf(!isRoot)('doctor as another user (takes root)', () => {
  const attempt = () => doctor('--user', String(NOBODY));

  it('is a boundary while everything is private', async () => {
    const report = await attempt();
    expect(succeeded(report)).toEqual([]);
    expect(report.standing).toBe('boundary');
    expect(report.attempts.map(({ name }) => name)).toContain('call `local` directly');
    for (const { how } of report.attempts) expect(how).not.toBe('');
  });

  /** Each way, opened alone: what to open, and what then succeeds. */
  const ways: readonly [
    name: string | readonly string[],
    open: () => Promise<unknown>,
    close: () => Promise<unknown>,
  ][] = [
    ['edit the configuration', () => chmod(config, 0o666), () => chmod(config, 0o600)],
    [
      ['change the program of `local`', 'edit the configuration', 'put keys of its own in place'],
      () => chmod(folder, 0o777),
      () => chmod(folder, 0o755),
    ],
    ['call `local` directly', () => chmod(programs, 0o755), () => chmod(programs, 0o700)],
    [
      'read the record',
      async () => {
        await chmod(data, 0o755);
        await chmod(join(data, 'store.db'), 0o644);
      },
      async () => {
        await chmod(data, 0o700);
        await chmod(join(data, 'store.db'), 0o600);
      },
    ],
    [
      'issue its own tokens',
      async () => {
        await chmod(data, 0o755);
        await chmod(join(data, 'keys'), 0o755);
        for (const file of await keyFiles()) await chmod(file, 0o644);
      },
      async () => {
        await chmod(data, 0o700);
        await chmod(join(data, 'keys'), 0o700);
        for (const file of await keyFiles()) await chmod(file, 0o600);
      },
    ],
  ];
  it.each(ways)('reports `%s` once that way is open', async (name, open, close) => {
    await open();
    try {
      const report = await attempt();
      expect(succeeded(report)).toEqual([name].flat());
      expect(report.standing).toBe('seatbelt');
    } finally {
      await close();
    }
    expect(succeeded(await attempt())).toEqual([]);
  });

  it('reports that approvals could be answered once the store can be written', async () => {
    const files = ['', '-wal', '-shm'].map((end) => join(data, `store.db${end}`));
    await chmod(data, 0o777);
    for (const file of files) await chmod(file, 0o666).catch(() => {});
    try {
      expect(succeeded(await attempt())).toContain('answer its own approvals');
    } finally {
      await chmod(data, 0o700);
      for (const file of files) {
        await chmod(file, 0o600).catch(() => {});
        await chown(file, 0, 0).catch(() => {});
      }
    }
  });

  it('reports a server behind an address that asks nobody for credentials', async () => {
    let status = 200;
    const open = createServer((_request, response) => void response.writeHead(status).end('{}'));
    await new Promise<void>((resolve) => open.listen(0, '127.0.0.1', resolve));
    const address = open.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const before = await readFile(config, 'utf8');
    await writeFile(config, `${before}  remote: { url: "http://127.0.0.1:${port}/mcp" }\n`);
    try {
      expect(succeeded(await attempt())).toEqual(['call `remote` directly']);
      status = 401;
      expect(succeeded(await attempt())).toEqual([]);
    } finally {
      await writeFile(config, before);
      open.close();
    }
  });
});

async function keyFiles(): Promise<readonly string[]> {
  return (await readdir(join(data, 'keys'))).map((name) => join(data, 'keys', name));
}
