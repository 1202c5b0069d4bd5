import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../attacks/egress-world.ts';
import { type CommandResult, newFolder, root, runCommand } from './start-gateway.ts';

/*
 * A program within the walls of `chaperone run`: what it reaches, what it does not see, and what is told of it. It is a
 * real program with real clients: `curl` and Node's own `fetch`.
 */

const seen: string[] = [];
const upstream = createServer((request, response) => {
  seen.push(`${request.method} ${request.url}`);
  response.end('hello from outside');
});
let port: number;
let folder: string;
let dispose: () => Promise<void>;

const server = join(root, 'test', 'e2e', 'counting-server.ts');

beforeAll(async () => {
  port = await listen(upstream);
  ({ folder, dispose } = await newFolder(''));
  await mkdir(join(folder, 'servers'));
  await mkdir(join(folder, 'rules'));
  await writeFile(join(folder, 'servers', 'count.ts'), `import ${JSON.stringify(server)};\n`);
  await writeFile(join(folder, 'rules', 'own.cedar'), 'forbid (principal, action, resource) when { false };\n');
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1
data: data
policies: [rules/own.cedar]
profiles:
  held: { network: door, processes: 40, memory: 400MB, openFiles: 128, space: 20MB, hosts: ["closed.test:81"] }
  closed: { network: none, workspace: read, memory: 400MB }
  other: { tier: wasm }
  brief: { network: none, time: 3s, output: 64KB, memory: 400MB }
servers:
  counter: { command: ${process.execPath}, args: [servers/count.ts, count.txt] }
egress:
  allow:
    - { host: open.test, ports: [${port}], addresses: [127.0.0.1], methods: [GET], paths: ["/open/*"] }
    - { host: node.test, ports: [${port}], addresses: [127.0.0.1] }
tools:
  counter/count_up: { effect: write, consequence: low }
agents:
  worker: { tools: { "counter/*": { approval: never } } }
`,
  );
});
afterAll(async () => {
  await closeServer(upstream);
  await dispose();
});

/** Runs a shell script within the walls. */
function run(script: string, ...options: readonly string[]): Promise<CommandResult> {
  const env = { ...process.env, A_SECRET: 'plum-otter-outside', GIVEN: 'given' };
  return runCommand(folder, [...options, '--', '/bin/sh', '-c', script], env);
}

describe('chaperone run', () => {
  it('lets a program out by the door alone, and tells what it tried', async () => {
    const script = `
      curl -sS http://open.test:${port}/open/a; echo
      curl -sS http://open.test:${port}/closed; echo
      curl -sS https://example.com/ ; echo
      curl -sS --noproxy '*' -m 5 http://127.0.0.1:${port}/direct
      curl -sS --noproxy '*' -m 5 http://169.254.169.254/
      exit 7`;
    const { code, stdout, stderr } = await run(script, '--json', 'run');
    expect(code, stderr).toBe(7);
    expect(stdout).toContain('hello from outside');
    expect(seen).toEqual(['GET /open/a']);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      exitCode: number;
      usage: { passed: number; refused: number };
      events: { kind: string; body: Record<string, unknown> }[];
    };
    expect(report.exitCode).toBe(7);
    expect(report.usage).toMatchObject({ passed: 1, refused: 2 });
    const tried = report.events.filter(({ kind }) => /egress\.(passed|refused)/.test(kind));
    expect(tried.map(({ kind, body }) => [kind, body['host'], body['code']])).toEqual([
      ['egress.passed', 'open.test', undefined],
      ['egress.refused', 'open.test', 'E_EGRESS_DENIED'],
      ['egress.refused', 'example.com', 'E_EGRESS_DENIED'],
    ]);
    expect(report.events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['run.started', 'egress.closed', 'run.ended']),
    );
  });

  it('shows it nothing of the gateway’s own, and nothing of its surroundings', async () => {
    const script = `
      for file in chaperone.yaml rules/own.cedar data/store.db data/keys; do cat $file 2>/dev/null && echo "read $file"; done
      for file in chaperone.yaml rules/own.cedar servers/count.ts data/x; do (echo x > $file) 2>/dev/null && echo "wrote $file"; done
      mv rules other 2>/dev/null && echo 'moved rules'
      mv servers other 2>/dev/null && echo 'moved servers'
      rm -f chaperone.yaml 2>/dev/null && echo 'removed the rules'
      echo "secret:$A_SECRET given:$GIVEN"
      ls /root /home 2>/dev/null
      ls /proc | grep -c '^[0-9]'
      echo mine > mine.txt`;
    const { code, stdout, stderr } = await run(script, 'run', '--env', 'GIVEN');
    expect(code, stderr).toBe(0);
    expect(stdout).not.toMatch(/read |wrote |moved |removed /);
    expect(stdout).toContain('secret: given:given');
    expect(stdout).not.toContain('plum-otter');
    expect(Number(/^\d+$/m.exec(stdout)?.[0])).toBeLessThan(12);
    expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe('mine\n');
    expect(await readFile(join(folder, 'servers', 'count.ts'), 'utf8')).toContain('counting-server');
  });

  it('lets it call tools through the gateway, as its agent and in its run', async () => {
    const script = `
      curl -sS $CHAPERONE_API_URL/tools -H "authorization: Bearer $CHAPERONE_TOKEN"; echo
      curl -sS $CHAPERONE_API_URL/calls -H "authorization: Bearer $CHAPERONE_TOKEN" -H 'content-type: application/json' -d '{"tool":"counter/count_up","arguments":{"n":1}}'; echo
      curl -sS $CHAPERONE_API_URL/calls -H 'content-type: application/json' -d '{"tool":"counter/count_up"}'; echo
      grep -c Authorization $CHAPERONE_MCP_CONFIG`;
    const { code, stdout, stderr } = await run(script, '--json', 'run', '--agent', 'worker');
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain('counter/');
    expect(stdout).toContain('E_AUTH_REQUIRED');
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      runId: string;
      events: { kind: string; runId: string }[];
    };
    const completed = report.events.find(({ kind }) => kind === 'call.completed');
    expect(completed?.runId).toBe(report.runId);
  });

  it('holds real programs by a profile: Python and Node go on, and what is too much is refused or ended', async () => {
    const fetches =
      "fetch('http://node.test:PORT/node').then(async (r) => console.log('node', r.status, await r.text()))";
    const script = `
      python3 - <<'END'
import resource, urllib.request
print('python', urllib.request.urlopen('http://open.test:${port}/open/python').status)
try:
    urllib.request.urlopen('http://closed.test/')
except Exception as error:
    print('python', error)
print('files', resource.getrlimit(resource.RLIMIT_NOFILE)[0])
END
      ${process.execPath} -e "${fetches.replace('PORT', String(port))}"
      for call in 101 250 272 321; do python3 -c "import ctypes; print('called', ctypes.CDLL(None).syscall($call, 0, -3, 1))" 2>/dev/null; done
      python3 -c "
import os, time
made = 0
try:
    while made < 400:
        if os.fork() == 0:
            time.sleep(30); os._exit(0)
        made += 1
except OSError: pass
print('forks', made)"
      python3 -c "x = bytearray(900_000_000); print('had memory')" 2>/dev/null
      dd if=/dev/zero of=/tmp/x bs=1M count=100 2>/dev/null; stat -c 'space %s' /tmp/x
      echo over`;
    const options = ['--json', 'run', '--profile', 'held', '--read', process.execPath, '--'] as const;
    const { code, stdout, stderr } = await run(script, ...options.slice(0, -1));
    expect(code, stderr).toBe(0);
    expect(stdout, stderr).toContain('python 200');
    expect(stdout).toMatch(/python HTTP Error 403/);
    expect(stdout).toMatch(/^node 200 hello from outside$/m);
    expect(stdout).not.toMatch(/^called (?!-1$)/m); // ptrace, keyctl, unshare, bpf: refused, or the end of who called
    expect(stdout).toMatch(/^files 128$/m);
    expect(Number(/^forks (\d+)$/m.exec(stdout)?.[1])).toBeLessThan(60);
    expect(stdout).not.toContain('had memory');
    expect(Number(/^space (\d+)$/m.exec(stdout)?.[1])).toBeLessThan(21_000_000);
    expect(stdout).toMatch(/^over$/m);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      events: { kind: string; body: Record<string, unknown> }[];
    };
    const tried = report.events.filter(({ kind }) => /egress\.(passed|refused)/.test(kind));
    expect(tried.map(({ kind, body }) => [kind, body['host'], body['path']])).toEqual([
      ['egress.passed', 'open.test', '/open/python'],
      ['egress.refused', 'closed.test', '/'],
      ['egress.passed', 'node.test', '/node'],
    ]);
  });

  it('tells what a program without any profile runs into, while it lives', async () => {
    const script = `
      cat /etc/shadow
      sleep 5
      curl -sS http://later.test/; echo
      curl -sS --noproxy '*' -m 5 http://169.254.169.254/
      exec python3 -c "import ctypes; ctypes.CDLL(None).syscall(${process.arch === 'arm64' ? 97 : 272}, 0x20000000)"`;
    const { code, stdout, stderr } = await run(script, '--json', 'run');
    expect(code, stderr).toBe(128 + 31);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      runId: string;
      events: { kind: string; runId: string; body: { severity: string; attempts: { kind: string }[] } }[];
    };
    const kinds = report.events.map(({ kind }) => kind);
    expect(kinds.indexOf('escape.attempted')).toBeLessThan(kinds.indexOf('egress.refused'));
    const told = report.events.filter(({ kind }) => kind === 'escape.attempted');
    expect(told[0]).toMatchObject({ runId: report.runId, body: { severity: 'high', attempts: [{ kind: 'decoy' }] } });
    const rest = told.slice(1).flatMap(({ body }) => body.attempts.map(({ kind }) => kind));
    expect(rest.sort()).toEqual(['network', 'network', 'system-call']);
    expect(stderr).toContain('ran into the walls of its sandbox');
  });

  it('gives a program no way out and a workspace to read, where its profile says so', async () => {
    const script = `echo "proxy:$HTTP_PROXY"; (echo x > mine.txt) 2>/dev/null && echo wrote
      curl -sS -m 5 http://open.test:${port}/open/none 2>&1; curl -sS $CHAPERONE_API_URL/tools -o /dev/null -w '%{http_code}'`;
    const { code, stdout, stderr } = await run(script, 'run', '--profile', 'closed');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('proxy:\n');
    expect(stdout).not.toContain('wrote');
    expect(seen).not.toContain('GET /open/none');
    expect(stdout).toMatch(/401$/);
  });

  it('ends a program that goes on, or prints on, past what its profile says, and records it', async () => {
    const attemptsOf = ({ stdout }: CommandResult) => {
      const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { events: { kind: string; body: object }[] };
      return report.events.filter(({ kind }) => kind === 'escape.attempted').map(({ body }) => body);
    };
    const slow = await run('echo begun; sleep 600; echo ended', '--json', 'run', '--profile', 'brief');
    expect(slow.code, slow.stderr).toBeGreaterThan(128);
    expect(slow.stdout).toMatch(/^begun$/m);
    expect(slow.stdout).not.toMatch(/^ended$/m);
    expect(attemptsOf(slow)).toMatchObject([{ severity: 'low', attempts: [{ kind: 'time' }] }]);

    const loud = await run('echo begun; while :; do echo 0123456789; done', '--json', 'run', '--profile', 'brief');
    expect(loud.code, loud.stderr).toBeGreaterThan(128);
    expect(loud.stdout.length).toBeLessThan(100_000);
    expect(attemptsOf(loud)).toMatchObject([{ severity: 'medium', attempts: [{ kind: 'output' }] }]);

    const modest = await run('echo begun; echo told >&2', '--json', 'run', '--profile', 'brief');
    expect([modest.code, modest.stdout.split('\n')[0]]).toEqual([0, 'begun']);
    expect(modest.stderr).toContain('told');
    expect(attemptsOf(modest)).toEqual([]);
  });

  it('starts nothing by a profile that is not there, or that names other walls', async () => {
    expect(await run('echo started', 'run', '--profile', 'nothing')).toMatchObject({ code: 2, stdout: '' });
    const { code, stdout, stderr } = await run('echo started', 'run', '--profile', 'other');
    expect([code, stdout]).toEqual([7, '']);
    expect(stderr).toContain('E_SANDBOX_UNAVAILABLE');
  });

  it('starts nothing that it cannot hold', async () => {
    const bare = await newFolder('version: 1\n');
    const env = { ...process.env, PATH: '/nowhere' };
    const without = await runCommand(bare.folder, ['run', '--', '/bin/sh', '-c', 'touch ran'], env);
    expect([without.code, without.stderr]).toEqual([7, expect.stringContaining('E_SANDBOX_UNAVAILABLE')]);
    const hidden = await runCommand(bare.folder, ['run', '--', '/root/tool']);
    expect([hidden.code, hidden.stderr]).toEqual([2, expect.stringContaining('--read')]);
    await bare.dispose();
  });

  it('is a boundary: doctor attempts every bypass from inside', async () => {
    const { stdout, stderr } = await runCommand(folder, ['doctor', '--inside', '--json']);
    const { standing, attempts } = JSON.parse(stdout) as {
      standing: string;
      attempts: { name: string; bypassed: boolean; how: string }[];
    };
    expect(
      attempts.filter(({ bypassed }) => bypassed),
      stderr,
    ).toEqual([]);
    expect(attempts.length).toBeGreaterThan(8);
    expect(standing).toBe('boundary');
  });
});
