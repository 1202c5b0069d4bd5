import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/** Asks until the answer is there. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await wait(50);
  }
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface SyslogDaemon {
  readonly lines: () => readonly string[];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A real syslog daemon, rsyslog, that writes each message as it came. `tls`: the folder with `key.pem` and `cert.pem`. */
export async function startRsyslog(folder: string, port: number, tls?: string): Promise<SyslogDaemon> {
  const log = join(folder, 'syslog.log');
  const config = join(folder, 'rsyslog.conf');
  const driver =
    tls === undefined
      ? ''
      : `global(DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="${tls}/cert.pem"
          DefaultNetstreamDriverCertFile="${tls}/cert.pem" DefaultNetstreamDriverKeyFile="${tls}/key.pem")`;
  const mode = tls === undefined ? '' : 'StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"';
  writeFileSync(
    config,
    `global(workDirectory="${folder}" maxMessageSize="256k")
     ${driver}
     module(load="imtcp" ${mode})
     template(name="asItCame" type="string" string="%rawmsg%\\n")
     input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="keep")
     ruleset(name="keep") { action(type="omfile" file="${log}" template="asItCame" asyncWriting="off" flushOnTXEnd="on") }\n`,
  );
  const child = spawn('rsyslogd', ['-n', '-f', config, '-i', join(folder, 'rsyslog.pid')], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until('rsyslogd listens', () => canConnect(port));
  return {
    lines: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}

async function canConnect(port: number): Promise<true | undefined> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}

export function mintCertificate(folder: string): void {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat(['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'])
      .concat(['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]),
    { stdio: 'ignore' },
  );
}

export interface Hook {
  readonly port: number;
  /** Events that were answered with 2xx, in order. */
  readonly accepted: Record<string, unknown>[];
  /** Requests whose signature did not hold. */
  readonly forged: string[];
  close(): Promise<void>;
}

/** A webhook receiver that checks the signature as Standard Webhooks says, and answers as it is told. */
export async function startHook(
  secret: string,
  answer: (attempt: number, ids: readonly string[]) => number,
): Promise<Hook> {
  const accepted: Record<string, unknown>[] = [];
  const forged: string[] = [];
  let attempts = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
    const mac = createHmac('sha256', secret).update(`${id}.${at}.`).update(body).digest();
    const given = Buffer.from(String(signature).replace(/^v1,/, ''), 'base64');
    if (given.length !== mac.length || !timingSafeEqual(given, mac)) forged.push(String(id));
    const events = JSON.parse(body.toString()) as Record<string, unknown>[];
    const status = answer(
      ++attempts,
      events.map((event) => String(event['id'])),
    );
    if (status < 300) accepted.push(...events);
    response.writeHead(status).end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    accepted,
    forged,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The OTLP receiver of the OpenTelemetry Collector. */
export interface Collector {
  readonly port: number;
  /** What it took in, as it understood it: requests in OTLP’s JSON. */
  readonly messages: Record<string, unknown>[];
  /** What it answers from now on, instead of taking it in. */
  answer(what: 'busy' | 'refuse' | 'nothing else'): void;
  stop(): Promise<void>;
}

const source = new URL('./collector/', import.meta.url).pathname;
const PROGRAM = 'collector';
/** With nothing in the caches of Go it takes two minutes of both cores. */
const BUILD_MS = 480_000;

/** Builds it with Go; says why where that is not possible here. */
export function buildCollector(into: string): string | undefined {
  try {
    // It is small work that is asked of it: what would make it fast takes most of the time to build it.
    execFileSync('go', ['build', '-gcflags=all=-N -l', '-ldflags=-s -w', '-o', join(into, PROGRAM), '.'], {
      cwd: source,
      stdio: 'pipe',
      timeout: BUILD_MS,
    });
    return undefined;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    if (/ENOENT|dial tcp|no such host|403 Forbidden|i\/o timeout|requires go >=/.test(said)) return said;
    throw new Error(said, { cause: error });
  }
}

/** @param from where it was built; @param port where it was before, if it is to come back */
export async function startCollector(from: string, port?: number): Promise<Collector> {
  const answers = join(from, 'answer');
  const at = port === undefined ? [] : [`127.0.0.1:${port}`];
  const child: ChildProcess = spawn(join(from, PROGRAM), [answers, ...at], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const messages: Record<string, unknown>[] = [];
  let told = 0;
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  lines.on('line', (line) => {
    if (told === 0) told = Number(line);
    else messages.push(JSON.parse(line) as Record<string, unknown>);
  });
  await until('the collector listens', () => (told === 0 ? undefined : true));
  return {
    port: told,
    messages,
    answer(what) {
      if (what === 'nothing else') rmSync(answers, { force: true });
      else writeFileSync(answers, what);
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
