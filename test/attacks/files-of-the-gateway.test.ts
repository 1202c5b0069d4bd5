import { link, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import { openSigner } from '../../src/app/open-signer.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';

/**
 * A files server that works in the project reaches whatever lies there: with the signing key a caller approves its own
 * calls, with a policy file or the configuration it writes its own rules, with a secret's file it is another server.
 */
const filesServer = new URL(
  '../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js',
  import.meta.url,
);
const SECRET = 'Hq7-plain-token-of-mail-server';
const principal = { tenant: 'default', agent: 'a' };
let project: string;
let data: string;
let gateway: Gateway;
let said: string[];

beforeAll(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), 'chaperone-own-')));
  data = join(project, 'state');
  const config = join(project, 'chaperone.yaml');
  const put = (name: string, text: string) => writeFile(join(project, name), text, { mode: 0o600 });
  await mkdir(join(project, 'docs'));
  await mkdir(join(project, 'policies'));
  await put('mail.secret', `${SECRET}\n`);
  await put('notes.txt', `see ${SECRET}\n`);
  await put('docs/plan.md', 'plan\n');
  await put('tls.pem', 'a key\n');
  await put('policies/own.cedar', 'forbid (principal, action, resource) when { context.run.integrity == "x" };\n');
  await writeFile(
    config,
    `version: 1
data: state
policies: [policies/own.cedar]
listen: { tls: { cert: cert.pem, key: tls.pem } }
servers:
  mail: { command: node, args: [none.mjs], env: { TOKEN: { secret: "file:mail.secret" } } }
  files: { command: ${process.execPath}, args: [${filesServer.pathname}, ${project}] }
tools:
  files/write_file: { effect: write, consequence: low }
  files/edit_file: { effect: write, consequence: low }
  files/create_directory: { effect: write, consequence: low }
  files/move_file: { effect: write, consequence: high }
agents: { a: { tools: { files/*: { approval: never } } } }
`,
  );
  said = [];
  gateway = await Gateway.open({
    loaded: await loadConfig(config, parseOptions),
    environment: process.env,
    notify: (notice) => said.push('message' in notice ? notice.message : ''),
  });
  await (await openSigner(data, systemClock)).sign({}, 'nobody', systemClock.nowMs() + 60_000);
  await gateway.maskOwnKeys();
  await symlink(data, join(project, 'way-in'));
  await symlink(join(project, 'mail.secret'), join(project, 'docs', 'innocent.md'));
  await link(join(project, 'mail.secret'), join(project, 'docs', 'twin.md'));
  await symlink(join(project, '.chaperone', 'store.db'), join(project, 'docs', 'dangling.md'));
});
afterAll(async () => {
  await gateway.close();
  await rm(project, { recursive: true, force: true });
});

async function call(tool: string, args: JsonObject): Promise<CallAnswer> {
  const run = await gateway.world.runs.ambient(principal);
  return gateway.call({ principal, runId: run.id, tool: `files/${tool}`, arguments: args });
}
const codeOf = (answer: CallAnswer) => (answer.kind === 'refused' ? answer.code : 'ran');

describe('what a tool that only reads is refused', () => {
  const cases: readonly (readonly [string, () => JsonObject])[] = [
    ['the signing keys', () => ({ path: join(data, 'keys') })],
    ['a key', () => ({ path: join(data, 'keys', 'key-000001.json') })],
    ['the record', () => ({ path: join(data, 'store.db') })],
    ['the data folder of before', () => ({ path: join(project, '.chaperone', 'keys') })],
    ['a relative path', () => ({ path: 'state/store.db' })],
    ['a relative path with dots', () => ({ path: './docs/../state/store.db' })],
    ['a secret of another server', () => ({ path: 'mail.secret' })],
    ['a file that is not there yet', () => ({ path: join(data, 'none', 'at', 'all') })],
    ['the key of the certificate', () => ({ path: join(project, 'tls.pem') })],
    ['a symbolic link to the data folder', () => ({ path: join(project, 'way-in', 'store.db') })],
    ['a symbolic link to a secret', () => ({ path: join(project, 'docs', 'innocent.md') })],
    ['another name of a secret’s file', () => ({ path: join(project, 'docs', 'twin.md') })],
    ['a file address', () => ({ path: pathToFileURL(join(data, 'store.db')).href })],
    ['a file address with a host', () => ({ path: `file://localhost${data}/store.db` })],
    ['encoded characters', () => ({ path: `file://${data.replace('state', '%73tate')}/store.db` })],
    ['a path in quotes', () => ({ path: `"${join(data, 'store.db')}"` })],
    ['the gateway’s own process', () => ({ path: `/proc/${process.pid}/environ` })],
  ];
  it.each(cases)('%s', async (_what, args) => {
    expect(codeOf(await call('read_text_file', args()))).toMatch(/^E_(PATH_RESERVED|ARGUMENT_DANGEROUS)$/);
  });

  it('one of many', async () => {
    const paths = [join(project, 'docs', 'plan.md'), join(data, 'store.db')];
    const answer = await call('read_multiple_files', { paths });
    expect(answer).toMatchObject({ code: 'E_PATH_RESERVED', reasons: [{ path: '/paths/1' }] });
  });
});

describe('what a tool that writes is refused', () => {
  const cases: readonly (readonly [string, string, () => JsonObject])[] = [
    ['the configuration', 'write_file', () => ({ path: join(project, 'chaperone.yaml'), content: 'version: 1\n' })],
    ['a policy', 'write_file', () => ({ path: 'policies/own.cedar', content: '' })],
    [
      'the record of the next start, through a link to nothing',
      'write_file',
      () => ({ path: 'docs/dangling.md', content: '' }),
    ],
    ['an edit of a policy', 'edit_file', () => ({ path: 'policies/own.cedar', edits: [], dryRun: false })],
    ['keys for the next start', 'create_directory', () => ({ path: join(project, '.chaperone') })],
    ['moving a policy away', 'move_file', () => ({ source: 'policies/own.cedar', destination: 'x' })],
    ['moving the folder that holds it', 'move_file', () => ({ source: 'policies', destination: 'x' })],
    ['moving the project', 'move_file', () => ({ source: project, destination: `${project}-2` })],
    ['moving something over it', 'move_file', () => ({ source: 'docs/plan.md', destination: 'chaperone.yaml' })],
  ];
  it.each(cases)('%s', async (_what, tool, args) => {
    expect(codeOf(await call(tool, args()))).toBe('E_PATH_RESERVED');
  });
});

describe('honest work goes on', () => {
  const cases: readonly (readonly [string, string, () => JsonObject])[] = [
    ['a list of the project', 'list_directory', () => ({ path: project })],
    ['a document', 'read_text_file', () => ({ path: 'docs/plan.md' })],
    ['the configuration, read', 'read_text_file', () => ({ path: join(project, 'chaperone.yaml') })],
    ['a policy, read', 'read_text_file', () => ({ path: 'policies/own.cedar' })],
    ['a document, written', 'write_file', () => ({ path: 'docs/new.md', content: 'chaperone.yaml' })],
    ['a text that names the folder', 'write_file', () => ({ path: '.gitignore', content: '.chaperone' })],
    ['a file beside them', 'write_file', () => ({ path: 'chaperone.yaml.md', content: 'state/' })],
  ];
  it.each(cases)('%s', async (_what, tool, args) => {
    expect(codeOf(await call(tool, args()))).toBe('ran');
  });
});

it('no server says a secret of another one, nor a key of the gateway', async () => {
  const notes = await call('read_text_file', { path: 'notes.txt' });
  expect(notes.kind).toBe('result');
  expect(JSON.stringify(notes)).not.toContain(SECRET);
  const [name = ''] = (await readdir(join(data, 'keys'))).filter((entry) => entry.endsWith('.json'));
  const { jwk } = JSON.parse(await readFile(join(data, 'keys', name), 'utf8')) as { jwk: { d: string } };
  await writeFile(join(project, 'docs', 'leak.md'), `the key is ${jwk.d}\n`);
  const leak = await call('read_text_file', { path: 'docs/leak.md' });
  expect(JSON.stringify(leak)).not.toContain(jwk.d);
  expect(JSON.stringify(leak)).toContain('the key is [secret');
  expect(codeOf(await call('write_file', { path: 'docs/x.md', content: jwk.d }))).toBe('E_EGRESS_SECRET');
});

it('says at the start what lies where a server works', () => {
  const told = said.join('\n');
  expect(told).toContain(`\`files\` works in ${project}, where the data folder lies`);
  expect(told).toContain('where the file of a secret lies');
});
