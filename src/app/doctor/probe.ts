/**
 * Runs as its own process, as the user an agent runs as, and really attempts each way around Chaperone. Takes a
 * `ProbeTarget` as its only argument and prints the attempts as one line of JSON. Changes nothing: what could be
 * written is opened for writing and left as it is.
 */
import { spawn } from 'node:child_process';
import { access, constants, lstat, open, readdir, readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Attempt, ProbeTarget } from './bypass.ts';

const START_TIMEOUT_MS = 10_000;
const STICKY = 0o1000;
const MAX_LOOKS = 50_000;

const mountPoints = await readMountPoints();
const target = JSON.parse(process.argv[2] ?? '{}') as ProbeTarget; // written by `attemptBypasses`
become(target.user);
const attempts: Attempt[] = [
  await attempt('edit the configuration', () => changeFile(target.config)),
  await attempt('edit the policies', async () => {
    for (const file of target.policies) {
      const how = await changeFile(file).catch(() => undefined);
      if (how !== undefined) return how;
    }
    throw new Error('no policy file can be written');
  }),
  await attempt('put keys of its own in place', () => changeAny([target.keys])),
  await attempt('change Chaperone itself', () => changeAny(target.own)),
  await attempt('read the secrets', async () => {
    for (const file of target.secrets) {
      const opened = await open(file, 'r').catch(() => undefined);
      await opened?.close();
      if (opened !== undefined) return `${file} can be read`;
    }
    throw new Error('no file that holds a secret can be read');
  }),
  await attempt('read the record', async () => {
    await (await open(target.store, 'r')).close();
    return `${target.store} can be read`;
  }),
  await attempt('answer its own approvals', async () => {
    const db = new DatabaseSync(target.store, { timeout: 2_000 });
    try {
      db.exec('BEGIN IMMEDIATE; ROLLBACK');
    } finally {
      db.close();
    }
    return `${target.store} can be written: an approval could be marked as answered`;
  }),
  await attempt('issue its own tokens', async () => {
    for (const name of await readdir(target.keys)) {
      const file = join(target.keys, name);
      const text = await readFile(file, 'utf8').catch(() => '');
      if (/"d"\s*:/.test(text)) return `${file} holds a signing key that can be read`;
    }
    throw new Error('no signing key can be read');
  }),
  await attempt('stop the gateway', async () => {
    const [first] = target.gatewayPids;
    if (first === undefined) throw new Error('no gateway is running');
    const reached = target.gatewayPids.filter(takesSignals);
    if (reached.length === 0) process.kill(first, 0); // for the system's own words
    return `process ${reached.join(', ')} takes signals from this user`;
  }),
];
if (process.platform === 'linux')
  attempts.push(
    await attempt('change what the kernel runs', async () => {
      const file = '/proc/sys/kernel/core_pattern';
      await (await open(file, 'r+')).close();
      return `${file} can be written: it names a program that the kernel starts as root`;
    }),
  );
const { certificateKey } = target;
if (certificateKey !== undefined) {
  attempts.push(
    await attempt('take the key of the certificate', async () => {
      const opened = await open(certificateKey, 'r').catch(() => undefined);
      await opened?.close();
      return opened === undefined ? changeFile(certificateKey) : `${certificateKey} can be read`;
    }),
  );
}
for (const { server, paths } of target.files) {
  attempts.push(await attempt(`change the program of \`${server}\``, () => changeAny(paths)));
}
for (const program of target.programs) {
  attempts.push(await attempt(`call \`${program.server}\` directly`, () => startServer(program)));
}
for (const { server, why } of target.unstarted) {
  attempts.push({ name: `call \`${server}\` directly`, bypassed: false, skipped: true, how: why });
}
for (const { server, url } of target.addresses) {
  attempts.push(await attempt(`call \`${server}\` directly`, () => reachAddress(url)));
}
process.stdout.write(`${JSON.stringify(attempts)}\n`);

async function attempt(name: string, go: () => Promise<string>): Promise<Attempt> {
  try {
    return { name, bypassed: true, how: await go() };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it failed';
    return { name, bypassed: false, how: why.split('\n')[0] ?? why };
  }
}

/** Goes on as this user, with every group of theirs. Throws where the system does not let it, or does not do it. */
function become(user: ProbeTarget['user']): void {
  if (user === undefined) return;
  const { setgroups, setgid, setuid, getuid } = process;
  if (!setgroups || !setgid || !setuid || !getuid) throw new Error('this system has no users to become');
  setgroups.call(process, [...user.groups]);
  setgid.call(process, user.gid);
  setuid.call(process, user.uid);
  if (getuid.call(process) !== user.uid) throw new Error('the probe is not who it should be');
}

function takesSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Whether what a file says can be changed: in place, or by another one in its place. Says how. */
async function changeFile(file: string): Promise<string> {
  try {
    await (await open(file, 'r+')).close();
    return `${file} can be written`;
  } catch (error) {
    if (await canReplace(file)) return `${file} can be put in place or replaced: its folder can be written`;
    throw error;
  }
}

/** Whether any of these files, or anything in these folders, can be changed or replaced. Says the first that can. */
async function changeAny(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    if (await canReplace(path)) return `${path} can be put in place or replaced: a folder it lies in can be written`;
    const found = await findWritable(path);
    if (found !== undefined) return `${found} can be written`;
  }
  throw new Error(paths.length === 0 ? 'there is none' : 'none of it can be written');
}

/** The first file or folder from here down that this user can write, links followed. What cannot be listed hides none. */
async function findWritable(root: string): Promise<string | undefined> {
  const waiting = [root];
  for (let looked = 0; looked < MAX_LOOKS; looked++) {
    const path = waiting.pop();
    if (path === undefined) return undefined;
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isFile() || found.isDirectory()) {
      const isWritable = await access(path, constants.W_OK).then(
        () => true,
        () => false,
      );
      if (isWritable) return path;
    }
    if (!(await lstat(path)).isDirectory()) continue;
    for (const name of await readdir(path).catch(() => [])) waiting.push(join(path, name));
  }
  throw new Error(`more than ${MAX_LOOKS.toLocaleString('en')} files; not all of them were looked at`);
}

/** Whether a file of one's own can take the place of this one or of a folder it lies in, or be it where there is none. */
async function canReplace(file: string): Promise<boolean> {
  for (let path = file; dirname(path) !== path; path = dirname(path)) {
    const folder = dirname(path);
    // What something is mounted on can be neither moved nor removed from where it is mounted.
    if (mountPoints.has(path) || isUnseen(folder)) continue;
    const isWritable = await access(folder, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isWritable) continue;
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    // In a folder like /tmp, what is there can be replaced by its owner alone, who could have written it as well.
    if (!isThere || ((await stat(folder)).mode & STICKY) === 0) return true;
  }
  return false;
}

/** Whether what is made in a folder is seen by nobody else: there it takes the place of nothing. */
function isUnseen(folder: string): boolean {
  let mount = folder;
  while (!mountPoints.has(mount) && dirname(mount) !== mount) mount = dirname(mount);
  return target.unseen?.includes(mount) ?? false;
}

/** Where something is mounted, as this process sees it; nothing where the system does not say. */
async function readMountPoints(): Promise<ReadonlySet<string>> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const decode = (path: string) =>
    path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return new Set(text.split('\n').map((line) => decode(line.split(' ')[4] ?? '')));
}

/** Starts the server as any client would, and asks it for its tools. */
async function startServer({ command, args, cwd }: ProbeTarget['programs'][number]): Promise<string> {
  await access(cwd, constants.X_OK);
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error('the server did not answer')), START_TIMEOUT_MS);
  child.once('error', reject);
  child.once('exit', () => reject(new Error('the server ended')));
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('"result"')) resolve(`${command} answers to this user without the gateway`);
  });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'doctor', version: '1' } };
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

/** Whether the address answers at all to one who has no credentials of the gateway's. */
async function reachAddress(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const send = url.startsWith('https:') ? requestTls : request;
  const sent = send(url, { method: 'POST', timeout: START_TIMEOUT_MS }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  sent.once('error', reject);
  sent.once('timeout', () => sent.destroy(new Error('the server did not answer')));
  sent.end();
  const status = await promise;
  if (status === 401 || status === 403) throw new Error(`it asks for credentials (${status})`);
  return `${url} answers to this user without the gateway (${status})`;
}
