import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export const root = new URL('../..', import.meta.url).pathname;
export const main = join(root, 'src', 'cli', 'main.ts');

/** A folder for one test, with a configuration in it. */
export async function newFolder(config: string): Promise<{ folder: string; dispose: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-e2e-'));
  await writeFile(join(folder, 'chaperone.yaml'), config);
  return { folder, dispose: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningGateway {
  readonly process: ChildProcess;
  readonly origin: string;
  readonly stderr: () => string;
  /** Ends it as Ctrl-C would; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the real gateway as its own process and waits until it serves. */
export async function startGateway(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<RunningGateway> {
  const child = spawn(process.execPath, [main, 'up', '--json', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    exited.then((code) => {
      throw new Error(`the gateway ended with ${code}: ${stderr}`);
    }),
  ]);
  const { origin } = JSON.parse(line) as { origin: string };
  return {
    process: child,
    origin,
    stderr: () => stderr,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the command line to its end. */
export function runCommand(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Runs one command at a terminal of its own, as a person does. What it says and what it prints come together. */
export function runAtTerminal(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Pick<CommandResult, 'code' | 'stdout'>> {
  const command = [process.execPath, main, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout }));
  });
}

/** A token, as `chaperone token` issues it. */
export async function issueToken(folder: string, kind: string, name: string): Promise<string> {
  const { stdout, stderr, code } = await runCommand(folder, ['token', '--kind', kind, '--name', name]);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** An official MCP client, connected over HTTP. */
export async function connectClient(
  origin: string,
  token: string,
  mode: 'legacy' | 'auto' = 'auto',
  capabilities: ClientCapabilities = {},
): Promise<Client> {
  const client = new Client({ name: 'e2e', version: '1.0.0' }, { versionNegotiation: { mode }, capabilities });
  const transport = new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  return client;
}
