import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Notice } from '../../src/app/notice.ts';
import { type Chaperone, createChaperone } from '../../src/index.ts';
import { installS3Server, startS3Server } from '../conformance/ledger/s3-server.ts';
import { runCommand } from './start-gateway.ts';
import { until } from './telemetry/receivers.ts';

const installed = installS3Server();
const skipped = typeof installed === 'string' ? ` (skipped: ${installed})` : '';
let folder: string;
let notices: Notice[];
const open: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-copies-'));
  notices = [];
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

interface Copy {
  readonly to: string;
  readonly every: string;
  readonly endpoint?: string;
  readonly accessKeyId?: { readonly secret: string };
  readonly secretAccessKey?: { readonly secret: string };
  readonly sessionToken?: { readonly secret: string };
}

async function start(
  copies: Readonly<Record<string, Copy>>,
  environment: Record<string, string> = {},
  more: object = {},
): Promise<Chaperone> {
  const manifest = { version: 1 as const, data: 'data', ledger: { checkpointEvery: '50ms', copies }, ...more };
  await writeFile(join(folder, 'chaperone.yaml'), JSON.stringify(manifest));
  const chaperone = await createChaperone({ folder, manifest, environment, notify: (notice) => notices.push(notice) });
  open.push(() => chaperone.close());
  return chaperone;
}

async function work(chaperone: Chaperone): Promise<void> {
  await using run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' }, prompt: 'Read note 1.' });
  const tools = await run.guard({
    read_note: {
      description: 'Reads a note.',
      inputSchema: z.object({ id: z.string() }),
      execute: async ({ id }: { id: string }) => ({ id }),
    },
  });
  for (let i = 0; i < 20; i++) await tools.read_note.execute({ id: '1' });
}

const said = () => notices.map(({ message }) => message).filter((message) => message.includes('copy `'));
const key = async () => (await runCommand(folder, ['evidence', 'keys'])).stdout.trim();

describe('copies of the ledger beside a gateway', () => {
  it('are asked for in vain where none is configured, or none of that name', async () => {
    await (await start({})).close();
    const none = await runCommand(folder, ['evidence', 'copies']);
    expect(none.code).not.toBe(0);
    expect(none.stderr).toContain('E_CONFIG');
    expect(none.stderr).toContain('no copy is configured: name one under `ledger.copies`');
    const other = await runCommand(folder, ['evidence', 'copies', 'other']);
    expect(other.code).not.toBe(0);
    expect(other.stderr).toContain('E_NOT_FOUND');
  });

  it('a folder has what was recorded when the gateway ends, and is verified alone', async () => {
    const chaperone = await start({ other: { to: 'other', every: '50ms' } });
    await work(chaperone);
    await chaperone.close();
    const verified = await runCommand(folder, ['evidence', 'verify', 'other', '--key', await key(), '--json']);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    const checked = await runCommand(folder, ['evidence', 'fsck', '--json']);
    const sizeOf = (text: string) => (JSON.parse(text) as { size: number }).size;
    expect(sizeOf(verified.stdout)).toBe(sizeOf(checked.stdout));
    expect(said()).toEqual([]);
  });

  it('that somebody changed raise an alert, which is on record, and stay as they are', async () => {
    const first = await start({ other: { to: 'other', every: '50ms' } });
    await work(first);
    await first.close();
    const keyFile = join(folder, 'other/keys/000001');
    await writeFile(keyFile, 'another');
    const second = await start({ other: { to: 'other', every: '50ms' } });
    await work(second);
    const alert = 'E_COPY_DIFFERS copy `other`: keys/000001 is there with another content';
    await until('the alert', () => (said().includes(alert) ? true : undefined));
    expect(await readFile(keyFile, 'utf8')).toBe('another');
    const recorded = await until('the record of it', async () => {
      const { stdout } = await runCommand(folder, ['tail', '--no-follow', '--json', '--last', '1000']);
      return stdout.split('\n').find((line) => line.includes('"alert.raised"'));
    });
    expect(JSON.parse(recorded)).toMatchObject({ body: { scope: 'ledger.copies.other', code: 'E_COPY_DIFFERS' } });
  });

  it.skipIf(typeof installed === 'string')(
    `a bucket that is away holds nothing up, and is made up later; its key is in no file${skipped}`,
    async () => {
      const program = typeof installed === 'string' ? '' : installed.program;
      const server = await startS3Server(program);
      open.push(() => server.stop());
      const bucket = {
        to: 's3://evidence/gateway-1',
        endpoint: server.endpoint.href,
        accessKeyId: { secret: 'env:KEY_ID' },
        secretAccessKey: { secret: 'env:KEY' },
        every: '50ms',
      };
      const environment = { KEY_ID: server.accessKeyId, KEY: server.secretAccessKey };
      const chaperone = await start({ bucket }, environment);
      await work(chaperone);
      await until('that the bucket is not there yet', () => (said().length > 0 ? true : undefined));
      expect(said()[0]).toContain('NoSuchBucket');
      await server.makeBucket('evidence');
      await until('the copy', () => (said().includes('copy `bucket` of the ledger is whole again') ? true : undefined));
      await chaperone.close();
      const checked = await runCommand(folder, ['evidence', 'copies', '--json'], { ...process.env, ...environment });
      const fsck = await runCommand(folder, ['evidence', 'fsck', '--json']);
      const { size } = JSON.parse(fsck.stdout) as { size: number };
      expect(JSON.parse(checked.stdout)).toMatchObject({ copies: [{ name: 'bucket', size }] });
      for (const name of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!name.isFile()) continue;
        const bytes = await readFile(join(name.parentPath, name.name));
        expect(bytes.includes(server.secretAccessKey), name.name).toBe(false);
      }
    },
  );

  it.skipIf(typeof installed === 'string')(
    `a bucket takes a key that is replaced in its file, and one that a role is lent, with its token${skipped}`,
    async () => {
      const server = await startS3Server(typeof installed === 'string' ? '' : installed.program);
      open.push(() => server.stop());
      await server.makeBucket('evidence');
      const role = await server.makeRole('writer');
      const file = join(folder, 'key');
      await writeFile(file, 'replaced since\n', { mode: 0o600 });
      const bucket = { endpoint: server.endpoint.href, every: '50ms' };
      const copies = {
        kept: {
          ...bucket,
          to: 's3://evidence/kept',
          accessKeyId: { secret: 'env:KEY_ID' },
          secretAccessKey: { secret: `file:${file}` },
        },
        lent: {
          ...bucket,
          to: 's3://evidence/lent',
          accessKeyId: { secret: 'cred:writer.accessKeyId' },
          secretAccessKey: { secret: 'cred:writer.secretAccessKey' },
          sessionToken: { secret: 'cred:writer.sessionToken' },
        },
      };
      const login = { kind: 'environment', variable: 'LOGIN' };
      const writer = { kind: 'aws-role', role, region: 'us-east-1', url: server.endpoint.href, login: 'login' };
      const environment = {
        KEY_ID: server.accessKeyId,
        LOGIN: `${server.accessKeyId}:${server.secretAccessKey}`,
      };
      const chaperone = await start(copies, environment, { credentials: { login, writer } });
      await work(chaperone);
      await until('that the key does not fit', () =>
        said().some((one) => one.includes('copy `kept`') && one.includes('SignatureDoesNotMatch')) ? true : undefined,
      );
      await writeFile(file, server.secretAccessKey);
      await until('the copy', () => (said().includes('copy `kept` of the ledger is whole again') ? true : undefined));
      await chaperone.close();
      expect(said().filter((one) => one.includes('copy `lent`'))).toEqual([]);
      const checked = await runCommand(folder, ['evidence', 'copies', '--json'], { ...process.env, ...environment });
      expect(checked.stderr).toBe('');
      const fsck = await runCommand(folder, ['evidence', 'fsck', '--json']);
      const { size } = JSON.parse(fsck.stdout) as { size: number };
      expect(JSON.parse(checked.stdout)).toMatchObject({ copies: [{ name: 'kept', size }, { name: 'lent' }] });
      const told = await runCommand(folder, ['tail', '--no-follow', '--json', '--last', '1000']);
      const leased = told.stdout.split('\n').filter((line) => line.includes('"credential.leased"'));
      expect(leased).toHaveLength(1);
      expect(leased[0]).toContain('writer');
    },
  );
});
