import { realpath, rm, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { Watch } from '../../adapters/sandboxes/process/watch.ts';
import { type StartedProgram, startProgram } from '../../adapters/sandboxes/program/start-program.ts';
import { WAYS } from '../../adapters/sandboxes/program/write-enclosure.ts';
import { Fault } from '../../base/fault.ts';
import { makeOwnFolder } from '../../base/own-folder.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { EscapeAttempt } from '../../ports/sandbox.ts';
import type { EgressUsage } from '../../runtime/egress/egress-session.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { writeAuthorities } from '../egress/write-authorities.ts';
import { Gateway } from '../gateway.ts';
import type { Notify } from '../notice.ts';
import { recordAttemptsOfProgram } from '../record-attempts.ts';
import { serve } from '../serve.ts';
import { boundProgram, type ProgramOutputs } from './bound-program.ts';
import { bridgeSocket } from './bridge-socket.ts';
import { type HeldProgram, holdProgram } from './hold-program.ts';
import { listWalls } from './list-walls.ts';

export interface ProgramOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
  readonly command: readonly [string, ...string[]];
  readonly agent: string;
  /** The folder it works in; where it is started as well. */
  readonly workspace: string;
  /** Folders it may read besides. */
  readonly read: readonly string[];
  /** Names of environment variables that it is given; no other of this process's. */
  readonly keep: readonly string[];
  /** The profile that holds it besides its walls. */
  readonly profile?: string;
  /** Where what it prints goes, where its profile counts that; otherwise it has them itself. */
  readonly outputs: ProgramOutputs;
  readonly signal: AbortSignal;
  /** Told of the program once it runs. */
  readonly onStart?: (program: StartedProgram) => void;
}

/** What a program did while it ran within its walls. */
export interface ProgramReport {
  readonly runId: string;
  readonly exitCode: number;
  readonly usage: EgressUsage;
  /** Every request and tunnel that it tried, and every tool it called, in order. */
  readonly events: readonly StoredEvent[];
}

const GATEWAY_PORT = 7070;
const DOOR_PORT = 7072;
const PAGE = 1_000;
const GRACE_MS = 5_000;
/** What programs need of their surroundings, and what gives nothing away. */
const ENVIRONMENT = ['PATH', 'LANG', 'LC_ALL', 'TERM', 'COLORTERM', 'NO_COLOR', 'TZ'];

/**
 * Runs a program within walls from which only the gateway and the egress door are reached, as a run of its own. Resolves
 * when it has ended and everything it did is recorded. Rejects with a `Fault`: E_SANDBOX_UNAVAILABLE, E_CONFIG, E_LISTEN
 * and what else opening a gateway says.
 */
export async function runProgram(options: ProgramOptions): Promise<ProgramReport> {
  const { loaded, environment, notify, agent } = options;
  // Without a file of its own the program could write one, and choose its own rules for the next time.
  if (loaded.file.startsWith('(')) throw new Fault('E_CONFIG', 'there is no configuration to hold the program to');
  const workspace = await realpath(options.workspace);
  if (workspace === '/') throw new Fault('E_USAGE', 'the whole machine is no workspace');
  const held = await holdProgram(loaded, environment, options.profile);
  const gateway = await Gateway.open({ loaded, environment, notify }).catch(async (error: unknown) => {
    await held.close();
    throw error;
  });
  const folder = await makeOwnFolder('run');
  const decoyFolder = await makeOwnFolder('decoys');
  try {
    const serving = await serve(gateway, { notify, port: 0 });
    const bridge = await bridgeSocket(join(folder, 'gateway.sock'), serving.port);
    try {
      const { tenant } = loaded.manifest;
      const principal = { tenant, agent };
      const task = `run ${basename(options.command[0])}`;
      const run = await gateway.world.runs.start({ principal, task, prompt: [], attested: false });
      const { book } = gateway.egress;
      const { session } = await book.openFor({ ...principal, runId: run.id }, run, held.profile?.hosts);
      const hasDoor = held.profile?.network !== 'none';
      if (hasDoor) await gateway.egress.listen({ path: join(folder, 'door.sock'), session });
      const claims = { kind: 'agent', sub: agent, tenant, run: run.id } as const;
      const token = await serving.signer.sign(claims, serving.audience, run.expiresAtMs);
      await writeFile(join(folder, 'mcp.json'), JSON.stringify(describeGateway(token)), { mode: 0o600 });
      const trust = await writeTrust(folder, await gateway.egress.readCertificate());
      const ways = { ...(hasDoor ? { ...waysOut(), ...trust } : {}), ...waysIn(token) };
      const exceeded: EscapeAttempt[] = [];
      const count = held.walls.confinement?.count;
      const watch = new Watch({
        onAttempts: (attempts) =>
          recordAttemptsOfProgram(gateway.world, notify, tenant, { agent, run: run.id }, attempts),
        elsewhere: () => [...session.attempts, ...exceeded],
        ...(count === undefined ? {} : { count }),
      });
      let exitCode = 0;
      try {
        const onExceed = (attempt: EscapeAttempt) => exceeded.push(attempt);
        exitCode = await runWithin(options, gateway, folder, workspace, ways, held, { watch, decoyFolder, onExceed });
      } finally {
        await book.close(session);
        await watch.end(exitCode);
      }
      await gateway.world.runs.end(tenant, run.id);
      return { runId: run.id, exitCode, usage: session.usage, events: await readAll(gateway, run.id) };
    } finally {
      await bridge.close();
      await serving.close();
    }
  } finally {
    await gateway.close();
    await held.close();
    await rm(folder, { recursive: true, force: true });
    await rm(decoyFolder, { recursive: true, force: true });
  }
}

/** What notices. */
interface Noticing {
  readonly watch: Watch;
  /** An empty folder that the program does not see. */
  readonly decoyFolder: string;
  readonly onExceed: (attempt: EscapeAttempt) => void;
}

async function runWithin(
  options: ProgramOptions,
  gateway: Gateway,
  folder: string,
  workspace: string,
  ways: Readonly<Record<string, string>>,
  held: HeldProgram,
  { watch, decoyFolder, onExceed }: Noticing,
): Promise<number> {
  const { environment, command, signal } = options;
  const read = await Promise.all(options.read.map((path) => realpath(resolve(options.workspace, path))));
  const program = await startProgram({
    command,
    workspace,
    cwd: workspace,
    readable: read,
    ...(await listWalls(options.loaded, gateway.data, workspace, environment)),
    ways: folder,
    env: { ...environmentOf(options), ...ways },
    ports: { [GATEWAY_PORT]: 'gateway.sock', ...('HTTP_PROXY' in ways ? { [DOOR_PORT]: 'door.sock' } : {}) },
    ...held.walls,
    watched: { watch, folder: decoyFolder },
    path: environment['PATH'] ?? '',
    stdio: held.bounds.outputBytes === undefined ? 'inherit' : 'tapped',
  });
  const stop = () => {
    void program.interrupt('SIGTERM');
    setTimeout(() => program.child.kill('SIGKILL'), GRACE_MS).unref();
  };
  const release = boundProgram(program, held.bounds, options.outputs, (attempt) => {
    onExceed(attempt);
    stop();
  });
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    options.onStart?.(program);
    return await program.ended;
  } finally {
    release();
    signal.removeEventListener('abort', stop);
  }
}

function environmentOf({ environment, keep }: ProgramOptions): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of [...ENVIRONMENT, ...keep]) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** Where the door is, in the words that programs look for. */
function waysOut(): Record<string, string> {
  const door = `http://127.0.0.1:${DOOR_PORT}`;
  const direct = 'localhost,127.0.0.1,::1';
  return {
    HTTP_PROXY: door,
    HTTPS_PROXY: door,
    ALL_PROXY: `socks5h://127.0.0.1:${DOOR_PORT}`,
    NO_PROXY: direct,
    http_proxy: door,
    https_proxy: door,
    all_proxy: `socks5h://127.0.0.1:${DOOR_PORT}`,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: '1',
  };
}

/** Where the gateway is. */
function waysIn(token: string): Record<string, string> {
  return {
    CHAPERONE_MCP_URL: `http://127.0.0.1:${GATEWAY_PORT}/mcp`,
    CHAPERONE_MCP_CONFIG: join(WAYS, 'mcp.json'),
    CHAPERONE_API_URL: `http://127.0.0.1:${GATEWAY_PORT}/v1`,
    CHAPERONE_TOKEN: token,
  };
}

/** The gateway as most MCP clients read it from a file. */
function describeGateway(token: string) {
  const url = `http://127.0.0.1:${GATEWAY_PORT}/mcp`;
  return { mcpServers: { chaperone: { type: 'http', url, headers: { Authorization: `Bearer ${token}` } } } };
}

/** Where programs look for whom to believe: the usual authorities, and the door where it opens TLS. */
async function writeTrust(folder: string, certificate: string | undefined): Promise<Record<string, string>> {
  if (certificate === undefined) return {};
  const [own, all] = [join(WAYS, 'door.pem'), join(WAYS, 'authorities.pem')];
  await writeFile(join(folder, 'door.pem'), certificate);
  await writeAuthorities(folder, certificate);
  return {
    NODE_EXTRA_CA_CERTS: own,
    SSL_CERT_FILE: all,
    CURL_CA_BUNDLE: all,
    REQUESTS_CA_BUNDLE: all,
    GIT_SSL_CAINFO: all,
  };
}

async function readAll(gateway: Gateway, runId: string): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  const { tenant } = gateway.loaded.manifest;
  for (;;) {
    const afterSeq = events.at(-1)?.seq ?? 0;
    const page = await gateway.world.store.readEvents({ tenant, runId, afterSeq, limit: PAGE });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/** Whether a command is named by a path that stands outside of what the program sees. */
export function isOutOfSight(command: string, workspace: string, read: readonly string[]): boolean {
  const seen = ['/usr', '/bin', '/sbin', workspace, ...read];
  return isAbsolute(command) && !seen.some((folder) => command === folder || command.startsWith(`${folder}/`));
}
