import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { applyInit } from './apply-init.ts';
import type { Machine } from './client.ts';
import { findClients, readTextFile } from './find-clients.ts';
import type { Gateway } from './gateway-entry.ts';
import { type InitOptions, type InitPlan, planInit } from './plan-init.ts';
import { undoInit } from './undo-init.ts';

const NOW_MS = Date.UTC(2026, 8, 1, 8, 30);
const STAMP = 'chaperone-backup-20260901T083000Z';
const TOKEN = 'ghp_ThisIsAnExampleAndNotARealToken00000';

let root: string;
let machine: Machine;
let configPath: string;
let recordPath: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'init-')));
  machine = { home: join(root, 'home'), cwd: join(root, 'proj'), platform: 'linux' };
  await mkdir(machine.home);
  await mkdir(machine.cwd);
  configPath = join(machine.cwd, 'chaperone.yaml');
  recordPath = join(machine.cwd, '.chaperone', 'init.json');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string, mode = 0o644): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  await chmod(full, mode);
  return full;
}

/** A placeholder, as clients write it. */
const open = (name: string) => `\${${name}}`;
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const gateway: Gateway = { kind: 'stdio', command: 'chaperone', args: ['mcp', '--stdio', '--config', '/c.yaml'] };

async function plan(over: Partial<InitOptions> = {}): Promise<InitPlan> {
  const existing = await readTextFile(configPath);
  return planInit(await findClients(machine), {
    config: { path: configPath, realPath: existing?.realPath ?? configPath, text: existing?.text },
    configFolder: machine.cwd,
    gateway: () => gateway,
    nowMs: NOW_MS,
    ...over,
  });
}

const apply = async (made: InitPlan) => applyInit(made, { recordPath, nowMs: NOW_MS });
const undo = (force = false) => undoInit({ recordPath, nowMs: NOW_MS + 60_000, force });
/** Every file under the root with its contents. */
async function snapshot(): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (file) => [file, await readFile(file, 'latin1')])),
  );
}
const diffs = (made: InitPlan) => made.changes.map(({ diff }) => diff.replaceAll(root, '')).join('\n');

const GITHUB = { command: 'npx', args: ['-y', '@acme/github-mcp'], env: { GITHUB_TOKEN: TOKEN, LOG_LEVEL: 'debug' } };

describe('a project of Claude Code', () => {
  it('is shown as a diff that holds no secret', async () => {
    await put(
      'proj/.mcp.json',
      json({ mcpServers: { github: GITHUB, docs: { type: 'http', url: 'https://docs.example/mcp' } } }),
    );
    const made = await plan();
    expect(`\n${diffs(made)}`).toBe(`
--- /dev/null
+++ /proj/chaperone.yaml
@@ -0,0 +1,22 @@
+# What agents may use, and through whom. A draft: read it, and take away what is not needed.
+version: 1
+
+# What is not declared about a tool is inferred, strictly. \`chaperone map\` shows what; \`mode: enforce\` wants it declared.
+mode: provisional
+servers:
+  github:
+    command: npx
+    args:
+      - -y
+      - "@acme/github-mcp"
+    env:
+      GITHUB_TOKEN:
+        secret: env:GITHUB_TOKEN
+      LOG_LEVEL: debug
+  docs:
+    url: https://docs.example/mcp
+agents:
+  claude-code:
+    tools:
+      github/*: {}
+      docs/*: {}

--- /proj/.mcp.json
+++ /proj/.mcp.json
@@ -1,19 +1,13 @@
 {
   "mcpServers": {
-    "github": {
-      "command": "npx",
+    "chaperone": {
+      "command": "chaperone",
       "args": [
-        "-y",
-        "@acme/github-mcp"
-      ],
-      "env": {
-        "GITHUB_TOKEN": "********",
-        "LOG_LEVEL": "debug"
-      }
-    },
-    "docs": {
-      "type": "http",
-      "url": "https://docs.example/mcp"
+        "mcp",
+        "--stdio",
+        "--config",
+        "/c.yaml"
+      ]
     }
   }
 }
`);
    expect(JSON.stringify(made.changes.map(({ diff }) => diff))).not.toContain(TOKEN);
    expect(made.needed).toEqual([
      {
        name: 'GITHUB_TOKEN',
        value: 'the value of mcpServers.github.env.GITHUB_TOKEN',
        file: join(machine.cwd, `.mcp.json.${STAMP}`),
      },
    ]);
    expect(made.warnings).toEqual([
      'github: it fetches @acme/github-mcp at each start; `chaperone servers install @acme/github-mcp@<version>` prints how to pin it',
      'docs: if it asks the client to sign in, the gateway needs a header instead',
    ]);
  });

  it('is rewritten and comes back byte for byte, with its mode', async () => {
    await put('proj/.mcp.json', '{ "mcpServers" : {"a":{"command":"a-server"}} }', 0o640);
    const before = await snapshot();
    await apply(await plan());
    const backup = join(machine.cwd, `.mcp.json.${STAMP}`);
    expect(await readFile(backup, 'utf8')).toBe('{ "mcpServers" : {"a":{"command":"a-server"}} }');
    expect((await stat(backup)).mode & 0o777).toBe(0o600);
    expect((await stat(join(machine.cwd, '.mcp.json'))).mode & 0o777).toBe(0o640);
    expect(JSON.parse(await readFile(join(machine.cwd, '.mcp.json'), 'utf8'))).toEqual({
      mcpServers: { chaperone: { command: gateway.command, args: gateway.args } },
    });
    expect(await undo()).toEqual({
      restored: [join(machine.cwd, '.mcp.json')],
      removed: [configPath],
      kept: [],
      runsLeft: 0,
    });
    expect(await snapshot()).toEqual(before);
    expect((await stat(join(machine.cwd, '.mcp.json'))).mode & 0o777).toBe(0o640);
  });

  it('has nothing to do the second time, and takes in what was added since', async () => {
    const path = await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a-server' } } }));
    await apply(await plan());
    expect(await plan()).toEqual({ changes: [], moved: [], left: [], needed: [], warnings: [] });
    await apply(await plan());

    const now = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, json({ mcpServers: { ...now.mcpServers, b: { command: 'b-server' } } }));
    const again = await plan({ nowMs: NOW_MS + 1_000 });
    expect(again.moved).toEqual([{ client: 'claude-code', path, server: 'mcpServers.b', as: 'b' }]);
    await apply(again);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(now);
    expect(Object.keys(parse(await readFile(configPath, 'utf8')).servers)).toEqual(['a', 'b']);
    expect((await undo()).runsLeft).toBe(1);
    expect(Object.keys(JSON.parse(await readFile(path, 'utf8')).mcpServers)).toEqual(['chaperone', 'b']);
  });
});

describe('secrets', () => {
  it('are never copied, wherever they stand', async () => {
    const servers = {
      env: { command: 's', env: { API_KEY: 'k-1', PASSPHRASE: 'correct horse' } },
      other: { command: 's2', env: { API_KEY: 'k-2' } },
      header: { url: 'https://h.example/mcp', headers: { Authorization: 'Bearer abc', 'X-Team': 'red' } },
      composed: { url: 'https://i.example/mcp', headers: { Authorization: `Bearer ${open('I_TOKEN')}` } },
      variable: { command: 's3', env: { TOKEN: open('MY_TOKEN') } },
      flag: { command: 's4', args: ['--api-key', 'k-4'] },
      argument: { command: 's5', args: ['--token=k-5'] },
      address: { url: 'https://j.example/mcp?api_key=k-6' },
      database: { command: 's7', args: ['postgres://app:k-7@db/x'] },
    };
    await put('proj/.mcp.json', json({ mcpServers: servers }));
    const made = await plan();
    const config = parse(made.changes.find(({ kind }) => kind === 'config')?.after ?? '');
    expect(config.servers).toEqual({
      env: { command: 's', env: { API_KEY: { secret: 'env:API_KEY' }, PASSPHRASE: { secret: 'env:PASSPHRASE' } } },
      other: { command: 's2', env: { API_KEY: { secret: 'env:OTHER_API_KEY' } } },
      header: {
        url: 'https://h.example/mcp',
        headers: { Authorization: { secret: 'env:HEADER_AUTHORIZATION' }, 'X-Team': 'red' },
      },
      composed: { url: 'https://i.example/mcp', headers: { Authorization: { secret: 'env:COMPOSED_AUTHORIZATION' } } },
      variable: { command: 's3', env: { TOKEN: { secret: 'env:MY_TOKEN' } } },
    });
    expect(made.left.map(({ server, why }) => [server, why.slice(0, 30)])).toEqual([
      ['mcpServers.flag', 'argument 2 looks like a secret'],
      ['mcpServers.argument', 'argument 1 looks like a secret'],
      ['mcpServers.address', 'its address looks like a secre'],
      ['mcpServers.database', 'argument 1 looks like a secret'],
    ]);
    const shown = JSON.stringify([made.left, made.needed, made.warnings, made.moved, diffs(made)]);
    for (const value of ['k-1', 'k-2', 'correct horse', 'Bearer abc', 'k-4', 'k-5']) expect(shown).not.toContain(value);
    expect(made.needed.find(({ name }) => name === 'COMPOSED_AUTHORIZATION')?.value).toBe(
      `the value of mcpServers.composed.headers.Authorization, with ${open('I_TOKEN')} filled in`,
    );
    const kept = JSON.parse(made.changes.find(({ kind }) => kind === 'claude-code')?.after ?? '');
    expect(Object.keys(kept.mcpServers)).toEqual(['flag', 'argument', 'address', 'database', 'chaperone']);
  });
});

describe('what is shown', () => {
  it('holds no secret however it is quoted, and a text that another client would fill in is one here', async () => {
    await put(
      'proj/.codex/config.toml',
      "[mcp_servers.a]\nurl = 'https://a.example/mcp'\nhttp_headers = { Authorization = 'Bearer k-9' }\n" +
        `[mcp_servers.b]\ncommand = "b"\nenv = { TOKEN = "${open('X')}" }\n`,
    );
    const made = await plan();
    expect(diffs(made)).toContain("-http_headers = { Authorization = '********' }");
    expect(made.needed.map(({ name }) => name)).toEqual(['A_AUTHORIZATION', 'TOKEN']);
  });
});

describe('other clients', () => {
  it('keeps the comments of VS Code, and what only it can fill in', async () => {
    const path = await put(
      'proj/.vscode/mcp.json',
      `{
  // asked for once
  "inputs": [{ "type": "promptString", "id": "key", "password": true }],
  "servers": {
    // looks things up
    "search": { "type": "http", "url": "https://s.example/mcp", "headers": { "X-Key": "\${input:key}" } },
    "local": { "type": "stdio", "command": "\${workspaceFolder}/bin/server" },
    /* stays */ "asks": { "command": "x", "args": ["\${input:key}"] }, // for now
  },
}
`,
    );
    const made = await plan();
    expect(diffs({ ...made, changes: made.changes.filter(({ kind }) => kind === 'vscode') })).toBe(
      `--- /proj/.vscode/mcp.json
+++ /proj/.vscode/mcp.json
@@ -3,8 +3,16 @@
   "inputs": [{ "type": "promptString", "id": "key", "password": true }],
   "servers": {
     // looks things up
-    "search": { "type": "http", "url": "https://s.example/mcp", "headers": { "X-Key": "\${input:key}" } },
-    "local": { "type": "stdio", "command": "\${workspaceFolder}/bin/server" },
     /* stays */ "asks": { "command": "x", "args": ["\${input:key}"] }, // for now
+    "chaperone": {
+      "type": "stdio",
+      "command": "chaperone",
+      "args": [
+        "mcp",
+        "--stdio",
+        "--config",
+        "/c.yaml"
+      ]
+    },
   },
 }
`,
    );
    expect(made.left).toEqual([
      {
        client: 'vscode',
        path,
        server: 'servers.asks',
        why: `argument 1 uses ${open('input:key')}, which only the client fills in`,
      },
    ]);
    expect(parse(made.changes[0]?.after ?? '').servers).toEqual({
      search: { url: 'https://s.example/mcp', headers: { 'X-Key': { secret: 'env:SEARCH_X_KEY' } } },
      local: { command: join(machine.cwd, 'bin/server') },
    });
  });

  it('edits Codex’s file in place, and has it hand on what the gateway needs', async () => {
    await put(
      'home/.codex/config.toml',
      `model = "o" # mine

[mcp_servers.crm]
url = "https://crm.example/mcp"
bearer_token_env_var = "CRM_TOKEN"

[mcp_servers.files]
command = "files-server"
args = ["/data"]
tool_timeout_sec = 30
env_vars = ["FILES_KEY"]

[tui]
theme = "dark"
`,
    );
    const made = await plan();
    expect(made.changes.find(({ kind }) => kind === 'codex')?.after).toBe(`model = "o" # mine

[tui]
theme = "dark"

[mcp_servers.chaperone]
command = "chaperone"
args = [ "mcp", "--stdio", "--config", "/c.yaml" ]
env_vars = [ "CRM_AUTHORIZATION", "FILES_KEY" ]
`);
    expect(parse(made.changes[0]?.after ?? '').servers).toEqual({
      crm: { url: 'https://crm.example/mcp', headers: { Authorization: { secret: 'env:CRM_AUTHORIZATION' } } },
      files: {
        command: 'files-server',
        args: ['/data'],
        env: { FILES_KEY: { secret: 'env:FILES_KEY' } },
        timeout: '30000ms',
      },
    });
    await apply(made);
    expect((await plan()).changes).toEqual([]);
  });

  it('looks into the project’s part of Claude Code’s own file, and nowhere else', async () => {
    const elsewhere = { '/elsewhere': { mcpServers: { far: { command: 'far' } } } };
    await put(
      'home/.claude.json',
      json({
        projects: { [machine.cwd]: { mcpServers: { near: { command: 'near' } } }, ...elsewhere },
        history: ['…'],
      }),
    );
    const made = await plan();
    expect(made.moved.map(({ as }) => as)).toEqual(['near']);
    expect(JSON.parse(made.changes[1]?.after ?? '')).toEqual({
      projects: {
        [machine.cwd]: { mcpServers: { chaperone: { command: gateway.command, args: gateway.args } } },
        ...elsewhere,
      },
      history: ['…'],
    });
  });

  it('are given an address and a token’s variable in their own words', async () => {
    const server = { mcpServers: { a: { command: 'a' } } };
    await put('proj/.mcp.json', json(server));
    await put('proj/.cursor/mcp.json', json(server));
    await put('proj/.vscode/mcp.json', json({ servers: server.mcpServers }));
    await put('proj/.codex/config.toml', '[mcp_servers.a]\ncommand = "a"\n');
    const http: Gateway = { kind: 'http', url: 'http://127.0.0.1:7070/mcp', tokenVariable: 'CHAPERONE_TOKEN' };
    const made = await plan({ gateway: () => http });
    const after = Object.fromEntries(made.changes.map((change) => [change.kind, change.after]));
    expect(after['claude-code']).toContain(`"Bearer ${open('CHAPERONE_TOKEN')}"`);
    expect(after['cursor']).toContain(`"Bearer ${open('env:CHAPERONE_TOKEN')}"`);
    expect(after['vscode']).toContain(`"Bearer ${open('env:CHAPERONE_TOKEN')}"`);
    expect(after['codex']).toContain('bearer_token_env_var = "CHAPERONE_TOKEN"');
    expect(Object.keys(parse(after['config'] ?? '').servers)).toEqual(['a']); // equal servers are one server
    await apply(made);
    expect((await plan({ gateway: () => http })).changes).toEqual([]);
    // and another way to the gateway replaces the first
    expect((await plan()).changes.map(({ kind }) => kind).sort()).toEqual(['claude-code', 'codex', 'cursor', 'vscode']);
  });

  it('finds desktop programs where each system keeps their settings', async () => {
    await put(
      'home/Library/Application Support/Claude/claude_desktop_config.json',
      json({ mcpServers: { a: { command: 'a' } } }),
    );
    await put('home/.config/Claude/claude_desktop_config.json', json({ mcpServers: { b: { command: 'b' } } }));
    machine = { ...machine, platform: 'darwin' };
    expect((await plan()).moved.map(({ as }) => as)).toEqual(['a']);
    machine = { ...machine, platform: 'linux' };
    expect((await plan()).moved.map(({ as }) => as)).toEqual(['b']);
    await put(
      'home/.config/Claude/claude_desktop_config.json',
      json({ mcpServers: { b: { command: 'b', env: { KEY: 'k' } } } }),
    );
    expect((await plan()).warnings).toEqual([expect.stringContaining('hands few variables on')]);
    const http: Gateway = { kind: 'http', url: 'http://127.0.0.1:7070/mcp', tokenVariable: 'T' };
    await expect(plan({ gateway: () => http })).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});

describe('a configuration elsewhere', () => {
  it('says in which folder a project’s servers run', async () => {
    await put('proj/.mcp.json', json({ mcpServers: { a: { command: './a' } } }));
    await put('home/.cursor/mcp.json', json({ mcpServers: { b: { command: 'b', cwd: '/srv' }, c: { command: 'c' } } }));
    const made = await plan({ configFolder: root });
    expect(parse(made.changes[0]?.after ?? '').servers).toEqual({
      a: { command: './a', cwd: machine.cwd },
      b: { command: 'b', cwd: '/srv' },
      c: { command: 'c' },
    });
  });
});

describe('a configuration that is there already', () => {
  it('is added to: comments stay, equal servers are shared, other names are found', async () => {
    await put(
      'proj/chaperone.yaml',
      '# ours\nversion: 1\nservers:\n  a: { command: a } # the first\n  b: { command: other }\n\n# nobody yet\nagents: {}\n',
    );
    await put(
      'proj/.mcp.json',
      json({ mcpServers: { a: { command: 'a' }, b: { command: 'b' }, 'c.d e': { command: 'c' } } }),
    );
    const made = await plan();
    expect(made.moved.map(({ as }) => as)).toEqual(['a', 'b-2', 'c-d-e']);
    expect(made.changes[0]?.after).toBe(
      '# ours\nversion: 1\nservers:\n  a: { command: a } # the first\n  b: { command: other }\n  b-2:\n    command: b\n  c-d-e:\n    command: c\n\n# nobody yet\nagents:\n  claude-code:\n    tools:\n      a/*: {}\n      b-2/*: {}\n      c-d-e/*: {}\n',
    );
  });

  it('leaves grants of single tools as narrow as they are', async () => {
    const text = 'version: 1\nservers:\n  a: { command: a }\nagents:\n  claude-code:\n    tools: { a/read: {} }\n';
    await put('proj/chaperone.yaml', text);
    await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    expect((await plan()).changes.map(({ kind }) => kind)).toEqual(['claude-code']);
  });

  it('stops everything if it is not valid', async () => {
    await put('proj/chaperone.yaml', 'version: 1\nserverz: {}\n');
    await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    await expect(plan()).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});

describe('packages', () => {
  it('are pinned where the pin is known', async () => {
    await put(
      'proj/.mcp.json',
      json({ mcpServers: { github: { ...GITHUB, env: {}, args: [...GITHUB.args, '--x'] } } }),
    );
    const integrity = `sha512-${'A'.repeat(86)}==`;
    const made = await plan({
      pin: ({ name }) => (name === '@acme/github-mcp' ? { version: '1.2.3', integrity } : undefined),
    });
    expect(parse(made.changes[0]?.after ?? '').servers.github).toEqual({
      package: '@acme/github-mcp@1.2.3',
      integrity,
      args: ['--x'],
    });
    expect(made.warnings).toEqual([]);
  });
});

describe('what cannot be done', () => {
  it.each([
    ['.mcp.json', '{ "mcpServers": { "a": ', /\.mcp\.json:1:\d+: this is not JSON/],
    ['.mcp.json', '[]', /holds no object/],
    ['.mcp.json', '{"mcpServers": []}', /mcpServers is not an object/],
    ['.mcp.json', '{"mcpServers": {"a": "secret-text"}}', /mcpServers\.a is not an object/],
    ['.codex/config.toml', 'token = "hunter2', /config\.toml:1:\d+: this is not TOML$/],
    ['.codex/config.toml', 'mcp_servers = { a = { command = "x" } }', /by hand: mcp_servers\.a/],
    ['.mcp.json', `{"mcpServers": ${'['.repeat(100)}${']'.repeat(100)}}`, /too deeply/],
  ])('%s with %j is refused, and nothing is changed', async (file, text, message) => {
    await put(`proj/${file}`, text);
    await put('proj/.cursor/mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    const before = await snapshot();
    await expect(plan()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringMatching(message) });
    expect((await plan({ only: ['cursor'] })).moved).toHaveLength(1);
    expect(await snapshot()).toEqual(before);
  });

  it('a file that is no text, or no file, is refused', async () => {
    await put('proj/.mcp.json', '');
    await writeFile(join(machine.cwd, '.mcp.json'), Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(plan()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining('not UTF-8') });
    await rm(join(machine.cwd, '.mcp.json'));
    await mkdir(join(machine.cwd, '.mcp.json'));
    await expect(plan()).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('not a regular file'),
    });
  });

  it('a file that changed since it was planned is left alone, and so are all others', async () => {
    await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    const cursor = await put('proj/.cursor/mcp.json', json({ mcpServers: { b: { command: 'b' } } }));
    const made = await plan();
    await writeFile(cursor, json({ mcpServers: {} }));
    const before = await snapshot();
    await expect(apply(made)).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('has changed'),
    });
    expect(await snapshot()).toEqual(before);
  });

  it('a file that cannot be written takes back those that were', async () => {
    await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    const cursor = await put('proj/.cursor/mcp.json', json({ mcpServers: { b: { command: 'b' } } }));
    const made = await plan();
    await mkdir(`${cursor}.chaperone-new`); // where the draft would go
    const before = await snapshot();
    await expect(apply(made)).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('nothing was changed'),
    });
    expect(await snapshot()).toEqual(before);
    await expect(undo()).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

describe('undo', () => {
  it('refuses what was changed since, unless it is told to, and then keeps it', async () => {
    const path = await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    await apply(await plan());
    await writeFile(path, '{"mine": true}');
    const before = await snapshot();
    await expect(undo()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining(path) });
    expect(await snapshot()).toEqual(before);

    const report = await undo(true);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ mcpServers: { a: { command: 'a' } } });
    expect(report.kept).toEqual([`${path}.chaperone-backup-20260901T083100Z`]);
    expect(await readFile(report.kept[0] ?? '', 'utf8')).toBe('{"mine": true}');
  });

  it('refuses a backup that is not what was saved', async () => {
    const path = await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    await apply(await plan());
    await writeFile(`${path}.${STAMP}`, 'forged');
    await expect(undo(true)).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('not what was saved'),
    });
  });

  it('says so when there is nothing to undo, and when its record cannot be read', async () => {
    await expect(undo()).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await put('proj/.chaperone/init.json', '{"version":2}');
    await expect(undo()).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('finishes what a crash in between left', async () => {
    const path = await put('proj/.mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    const before = await snapshot();
    const made = await plan();
    await apply(made);
    await writeFile(path, made.changes[1]?.before ?? ''); // as if it died before this file was written
    await undo();
    expect(await snapshot()).toEqual(before);
  });
});

describe('symbolic links', () => {
  it('stay, and the file they lead to is changed, once', async () => {
    const target = await put('dotfiles/mcp.json', json({ mcpServers: { a: { command: 'a' } } }));
    await symlink(target, join(machine.cwd, '.mcp.json'));
    await mkdir(join(machine.cwd, '.cursor'));
    await symlink(target, join(machine.cwd, '.cursor/mcp.json'));
    const made = await plan();
    expect(made.changes.map(({ kind }) => kind)).toEqual(['config', 'claude-code']);
    await apply(made);
    expect((await lstat(join(machine.cwd, '.mcp.json'))).isSymbolicLink()).toBe(true);
    expect(await readFile(target, 'utf8')).toContain('chaperone');
    await undo();
    expect(await readFile(target, 'utf8')).toBe(json({ mcpServers: { a: { command: 'a' } } }));
  });
});
