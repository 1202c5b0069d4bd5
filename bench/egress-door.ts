import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, findFreePort, type Running, retry, runToEnd, start } from './processes.ts';
import { describeMachine, type Report } from './report.ts';
import { added, measureInTurns, ratio, type Subject, summarize } from './sample.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const START_TIMEOUT_MS = 20_000;
const GOAL_MS = 0.3;

const METHOD =
  'One client with one kept-alive connection, one GET after another, the same server behind every way to it, each in a ' +
  'process of its own. Blocks of 100 requests in turns, each round beginning with another way, after 2,000 each to warm up; ' +
  'every request counts. The door decides, scans and records each request, in SQLite on disk, many to a commit; the plain proxy ' +
  'is Node’s own client and server, and does none of it. Differences and ratios are medians over rounds.';

/** The time of one request by each way: directly, through a plain proxy, and through the egress door. */
export async function measureEgressDoor({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-'));
  const running: Running[] = [];
  const agents: Agent[] = [];
  const run = (...args: readonly string[]): Running => {
    const program = start(args, environment({ XDG_STATE_HOME: folder }));
    running.push(program);
    return program;
  };
  try {
    const port = Number(await run(here('./upstream/plain-http.ts')).firstLine);
    const proxy = Number(await run(here('./upstream/plain-proxy.ts')).firstLine);
    const door = await findFreePort();
    const config = join(folder, 'chaperone.yaml');
    const rule = `{ host: api.test, ports: [${port}], addresses: [127.0.0.1], methods: [GET], paths: ["/v1/*"] }`;
    const text = `version: 1\negress:\n  listen: { port: ${door} }\n  rate: 1000000\n  allow: [${rule}]\nagents: { bench: {} }\n`;
    await writeFile(config, text);
    const command = [here('../src/cli/main.ts'), '--config', config];
    await run(...command, 'up', '--port', '0', '--json').firstLine;
    const issue = ['token', '--kind', 'agent', '--name', 'bench'];
    const token = await runToEnd([...command, ...issue], environment({ XDG_STATE_HOME: folder }));
    const login = `Basic ${Buffer.from(`agent:${token.trim()}`).toString('base64')}`;
    const way = async (name: string, to: number, path: string, headers: Record<string, string>): Promise<Subject> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      const call = () => get(agent, to, path, headers);
      await retry(call, START_TIMEOUT_MS);
      return { name, call };
    };
    const path = '/v1/items?page=2';
    const subjects = [
      await way('direct', port, path, { host: `api.test:${port}` }),
      await way('plain proxy', proxy, `http://127.0.0.1:${port}${path}`, { host: `127.0.0.1:${port}` }),
      await way('egress door', door, `http://api.test:${port}${path}`, {
        host: `api.test:${port}`,
        'proxy-authorization': login,
      }),
    ];
    tell(`measuring ${subjects.length} ways for ${Math.round(durationMs / 1_000)} s`);
    const all = await measureInTurns(subjects, { warmUpCalls: 2_000, callsPerRound: 100, minRounds: 7, durationMs });
    const [direct, plain, egress] = all;
    if (!direct || !plain || !egress) throw new Error('a way is missing');
    const measured = added(egress, direct);
    return {
      bench: 'egress-door',
      machine: describeMachine(),
      method: METHOD,
      rows: all.map(summarize),
      ratios: {
        'egress door / plain proxy': ratio(egress, plain),
        'egress door / direct': ratio(egress, direct),
        'plain proxy adds, ms': added(plain, direct),
        'egress door adds, ms': measured,
      },
      goals: [{ goal: `the egress door adds at most ${GOAL_MS} ms`, measured, reached: measured <= GOAL_MS }],
      missing: [],
    };
  } finally {
    for (const agent of agents) agent.destroy();
    for (const program of running) await program.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function get(agent: Agent, port: number, path: string, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${path} was answered with ${answer.statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end();
  });
}
