/**
 * `npm run bench -- <name> [--json] [--seconds N] [--events N]`: measures on this machine, now. A table goes to stderr; with
 * `--json`, one JSON object is the last line of stdout. Exit code 1 if a goal that was measured is missed.
 */
import { parseArgs } from 'node:util';
import { measureAgentdojo } from './agentdojo.ts';
import { measureApprovals } from './approvals.ts';
import { measureBacktest } from './backtest.ts';
import { measureDecision } from './decision.ts';
import { measureEffects } from './effects.ts';
import { measureEgress } from './egress.ts';
import { measureEgressDoor } from './egress-door.ts';
import { measureFlow } from './flow.ts';
import { measureGuards } from './guards.ts';
import { measureHop } from './hop.ts';
import { measureInjection } from './injection.ts';
import { measureIsolation } from './isolation.ts';
import { measureLedger } from './ledger.ts';
import { measureLimits } from './limits.ts';
import { measureRecord } from './record.ts';
import { printReport, type Report } from './report.ts';
import { measureSandbox } from './sandbox.ts';
import { measureSuites } from './suites.ts';
import { measureThroughput } from './throughput.ts';

/** Each takes how long to measure, in ms, how large what it measures is, and what to tell people meanwhile. */
type Bench = (options: { durationMs: number; events?: number; tell: (line: string) => void }) => Promise<Report>;

const benches: Readonly<Record<string, Bench>> = {
  approvals: measureApprovals,
  hop: measureHop,
  decision: measureDecision,
  throughput: measureThroughput,
  injection: measureInjection,
  egress: measureEgress,
  'egress-door': measureEgressDoor,
  agentdojo: measureAgentdojo,
  suites: measureSuites,
  effects: measureEffects,
  flow: measureFlow,
  ledger: measureLedger,
  record: measureRecord,
  sandbox: measureSandbox,
  backtest: measureBacktest,
  guards: measureGuards,
  limits: measureLimits,
  isolation: measureIsolation,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '20' },
    events: { type: 'string' },
  },
});
const [name = ''] = positionals;
const seconds = Number(values.seconds);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (!bench || !(seconds > 0 && seconds <= 3_600)) {
  process.stderr.write(
    `usage: npm run bench -- <${Object.keys(benches).join('|')}> [--json] [--seconds 1..3600] [--events N]\n`,
  );
  process.exit(2);
}
const tell = (line: string) => process.stderr.write(`${line}\n`);
const events = values.events === undefined ? {} : { events: Number(values.events) };
const report = await bench({ durationMs: seconds * 1_000, ...events, tell });
tell(printReport(report));
const code = report.goals.every((goal) => goal.reached) ? 0 : 1;
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(code));
else process.exit(code); // a program that does not end when it is told to must not keep the bench waiting
