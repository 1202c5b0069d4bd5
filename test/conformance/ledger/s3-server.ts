import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { has } from '../../../scripts/needs.ts';

// 5.2.1 decodes the slashes of a query before it holds it against the signature, which the published rules encode.
const VERSION = '5.2.5';
const INSTALL_MS = 300_000;
const PATIENCE_MS = 60_000;

/** An S3 server that we did not write (moto, from PyPI), which checks signatures and policies. */
export interface S3Server {
  readonly endpoint: URL;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  makeBucket(name: string): Promise<void>;
  /** A role that may be assumed with the key, and may then do what the key may; its ARN. */
  makeRole(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** The program, installed for this user where it is not there; or why that is not possible on this machine. */
export function installS3Server(): { readonly program: string } | string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), `chaperone-tests/moto-${VERSION}`);
  const program = join(folder, 'bin/moto_server');
  if (existsSync(program)) return { program };
  if (!has('python3')) return 'there is no Python here';
  const lock = `${folder}.lock`;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(lock);
  } catch {
    // Another test installs it right now: there is nothing to do but wait.
    const deadline = Date.now() + INSTALL_MS;
    while (existsSync(lock) && Date.now() < deadline) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    rmSync(lock, { recursive: true, force: true }); // whoever made it may have been killed: the next one tries again
    return existsSync(program) ? { program } : 'moto is not installed';
  }
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
    const packages = [`moto[s3,iam,server]==${VERSION}`];
    execFileSync(join(folder, 'bin/pip'), ['install', '-q', ...packages], { stdio: 'pipe', timeout: INSTALL_MS });
    return { program };
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return 'moto cannot be had from PyPI';
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** What has to be set up before signatures are checked: user, policy, key. */
const SET_UP_REQUESTS = 3;

export async function startS3Server(program: string): Promise<S3Server> {
  const port = await freePort();
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: String(SET_UP_REQUESTS) },
  });
  const endpoint = new URL(`http://127.0.0.1:${port}`);
  await untilAnswers(child, endpoint);
  const iam = (parameters: Record<string, string>, by?: Parameters<typeof ask>[3]) => {
    // moto reads the form and writes it again before it holds it against the signature, and then a star is encoded.
    const body = new URLSearchParams({ ...parameters, Version: '2010-05-08' }).toString().replaceAll('*', '%2A');
    return ask(endpoint, 'iam', { method: 'POST', body }, by);
  };
  await iam({ Action: 'CreateUser', UserName: 'chaperone' });
  const statement = {
    Effect: 'Allow',
    Action: [
      ...['s3:CreateBucket', 's3:GetObject', 's3:PutObject', 's3:ListBucket'],
      ...['iam:CreateRole', 'iam:PutRolePolicy', 'sts:AssumeRole'],
      ...['secretsmanager:CreateSecret', 'secretsmanager:GetSecretValue'],
    ],
    Resource: '*',
  };
  const allowed = {
    PolicyName: 'copies',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
  };
  await iam({ Action: 'PutUserPolicy', UserName: 'chaperone', ...allowed });
  const made = await iam({ Action: 'CreateAccessKey', UserName: 'chaperone' });
  const accessKeyId = /<AccessKeyId>([^<]+)</.exec(made)?.[1] ?? '';
  const secretAccessKey = /<SecretAccessKey>([^<]+)</.exec(made)?.[1] ?? '';
  const keys = { accessKeyId, secretAccessKey };
  return {
    endpoint,
    ...keys,
    async makeBucket(name) {
      await ask(new URL(`/${name}`, endpoint), 's3', { method: 'PUT' }, keys);
    },
    async makeRole(name) {
      const trusted = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' } };
      const trust = JSON.stringify({ Version: '2012-10-17', Statement: [trusted] });
      const text = await iam({ Action: 'CreateRole', RoleName: name, AssumeRolePolicyDocument: trust }, keys);
      await iam({ Action: 'PutRolePolicy', RoleName: name, ...allowed }, keys);
      return /<Arn>([^<]+)</.exec(text)?.[1] ?? '';
    },
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function ask(
  url: URL,
  service: string,
  request: { readonly method: string; readonly body?: string },
  keys = { accessKeyId: 'set-up', secretAccessKey: 'set-up' },
): Promise<string> {
  const headers = request.body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const signed = await new AwsV4Signer({
    url: url.href,
    ...request,
    headers,
    ...keys,
    service,
    region: 'us-east-1',
  }).sign();
  const answer = await fetch(signed.url, {
    method: request.method,
    headers: signed.headers,
    body: request.body ?? null,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} answered ${answer.status}: ${text}`);
  return text;
}

async function untilAnswers(child: ChildProcess, endpoint: URL): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(new URL('/moto-api/data.json', endpoint)).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined) return;
    await wait(100);
  }
  child.kill('SIGKILL');
  throw new Error('the S3 server does not answer');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
