import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '../src/base/json.ts';
import { type FlowRun, openFlow } from '../src/flow/flow-run.ts';
import { type GovernedTool, pinTool, type Tool, toolName } from '../src/model/tool.ts';
import { inferTool } from '../src/policy/infer.ts';
import { linearClassifier } from '../src/scan/injected-text-classifier.ts';
import { scanDocument } from '../src/scan/scan-document.ts';
import { describeMachine, type Report } from './report.ts';
import { quantile } from './sample.ts';

const METHOD =
  'One run is given 10 MB of results: contacts, events and mails as JSON. Then the same calls are judged again and again, each ' +
  'timed by itself, in a run that read all that and in one that read only what the calls need. `digest`: what any gateway does ' +
  'with a call, its canonical JSON and SHA-256. Scanning is timed over harmless mails of 1 and 16 KB; `one pattern`: a single ' +
  'expression of JavaScript with 40 words over the same text.';

const PROMPT =
  "Email the participants of the 'Roadmap sync' event that I am late, write to Dana Smith too, and delete the file 'old plan.txt'.";
const BYTES = 10_000_000;
const text = { type: 'string' };
const texts = { type: 'array', items: text };

/** Each with what it is judged to be. */
const CALLS: readonly (readonly [name: string, tool: string, args: JsonObject, verdict: string])[] = [
  [
    'to a guest of the event',
    'send_mail',
    { recipients: ['lena@acme.test'], subject: 'Late', body: 'I am late.' },
    'permit',
  ],
  [
    'to whom a name leads',
    'send_mail',
    { recipients: ['dana@acme.test'], subject: 'Late', body: 'I am late.' },
    'permit',
  ],
  ['a search', 'search_events', { query: 'Roadmap sync' }, 'permit'],
  ['to somebody from nowhere', 'send_mail', { recipients: ['eve@evil.test'], subject: 'x', body: 'x' }, 'deny'],
  ['to somebody of another mail', 'send_mail', { recipients: ['p77@other.test'], subject: 'x', body: 'x' }, 'ask'],
];

/** What a decision of flow costs late in a long run, and what scanning costs, each beside a baseline. */
export async function measureFlow({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  const tools = new Map(
    [
      govern('send_mail', { recipients: texts, subject: text, body: text }),
      govern('search_events', { query: text }),
      govern('search_contacts', { name: text }),
      govern('list_mail', {}),
    ].map((tool) => [tool.tool.name, tool]),
  );
  const toolOf = (name: string): GovernedTool => {
    const tool = tools.get(name);
    if (!tool) throw new Error(`no tool ${name}`);
    return tool;
  };
  const open = (): FlowRun => {
    const run = openFlow({
      prompt: [{ kind: 'user', text: PROMPT }],
      pins: new Map([...tools.values()].map((tool) => [tool.name, tool.pin])),
    });
    read(run, toolOf('search_events'), { query: 'Roadmap sync' }, [
      { id: 'e1', title: 'Roadmap sync', participants: ['lena@acme.test', 'kim@acme.test'] },
    ]);
    read(run, toolOf('search_contacts'), { name: 'Dana Smith' }, [{ name: 'Dana Smith', email: 'dana@acme.test' }]);
    read(run, toolOf('list_mail'), {}, [makeMail(77)]);
    return run;
  };
  const small = open();
  const large = open();
  const medium = open();
  let bytes = 0;
  for (let page = 0; bytes < BYTES; page++) {
    const mails = Array.from({ length: 200 }, (_, i) => makeMail(1_000 + page * 200 + i));
    if (bytes < BYTES * 0.08) read(medium, toolOf('list_mail'), {}, mails);
    bytes += read(large, toolOf('list_mail'), {}, mails);
  }
  tell(`${(bytes / 1e6).toFixed(1)} MB were read, ${large.entries} values and records are held`);
  const rows: object[] = [];
  let [worst, ratio] = [0, 0];
  for (const [name, tool, args, verdict] of CALLS) {
    const governed = toolOf(tool);
    for (const run of [small, large]) {
      const { facts } = run.assess(governed, args);
      if (facts.verdict !== verdict) throw new Error(`${name}: ${facts.verdict}, and not ${verdict}`);
    }
    const budgetMs = durationMs / CALLS.length / 4;
    const late = time(budgetMs * 2, () => large.assess(governed, args));
    const early = time(budgetMs, () => small.assess(governed, args));
    const digest = time(budgetMs, () => createHash('sha256').update(canonicalJson(args)).digest('hex'));
    const [p50, digestP50] = [quantile(late, 0.5), quantile(digest, 0.5)];
    if (verdict === 'permit' && p50 > worst) [worst, ratio] = [p50, p50 / digestP50];
    rows.push({
      call: name,
      verdict,
      'µs after 10 MB, p50': p50,
      p99: quantile(late, 0.99),
      'µs after 1 KB, p50': quantile(early, 0.5),
      'digest µs, p50': digestP50,
    });
  }
  const scans: object[] = [];
  let perKb = 0;
  for (const kb of [1, 16]) {
    const mail = makeText(kb * 1_024);
    const scan =
      quantile(
        time(durationMs / 8, () => scanDocument({ text: mail, source: 'tool-result' }, [linearClassifier])),
        0.5,
      ) / kb;
    const pattern =
      quantile(
        time(durationMs / 8, () => WORDS.test(mail)),
        0.5,
      ) / kb;
    perKb = Math.max(perKb, scan);
    scans.push({ scan: `${kb} KB`, 'µs a KB, p50': scan, 'one pattern, µs a KB': pattern });
  }
  for (const row of scans) rows.push(row);
  // What is only asked about is looked for in every text, as long as little enough was read.
  const [, askedTool = '', asked = {}] = CALLS.at(-1) ?? [];
  const searched = time(durationMs / 20, () => medium.assess(toolOf(askedTool), { ...asked, subject: 'Kiosk 4711' }));
  return {
    bench: 'flow',
    machine: describeMachine(),
    method: METHOD,
    rows,
    ratios: {
      'slowest permitted call after 10 MB / digest of the call': ratio,
      'an asked call whose values are looked for in 1 MB of text, µs, p50': quantile(searched, 0.5),
    },
    goals: [
      { goal: 'the slowest permitted call after 10 MB, µs, p50, at most 50', measured: worst, reached: worst <= 50 },
      { goal: 'scanning, µs a KB, p50, at most 100', measured: perKb, reached: perKb <= 100 },
    ],
    missing: ['the line around a decision: `bench hop` and `bench throughput` measure that'],
  };
}

const WORDS = new RegExp(
  `\\b(?:${'ignore previous instructions system prompt override forget disregard developer mode jailbreak secret password token credential exfiltrate forward transfer wire urgent immediately assistant must execute command shell curl base64 decode admin grant revoke delete wipe erase pretend roleplay hidden bypass'.split(' ').join('|')})\\b.{0,20}\\bnow or else\\b`,
  'i',
);

/** µs of each call, as many as fit. */
function time(budgetMs: number, work: () => unknown): number[] {
  const values: number[] = [];
  for (let i = 0; i < 20; i++) work();
  const until = performance.now() + budgetMs;
  for (let now = performance.now(); now < until; ) {
    work();
    const then = performance.now();
    values.push((then - now) * 1_000);
    now = then;
  }
  return values;
}

function read(run: FlowRun, tool: GovernedTool, args: JsonObject, value: readonly JsonObject[]): number {
  const json = JSON.stringify(value);
  for (const _ of run.take(tool, args, { content: [{ type: 'text', text: json }] }).index());
  return json.length;
}

const makeMail = (n: number): JsonObject => ({
  id: `m${n}`,
  sender: `p${n}@other.test`,
  subject: `Order ${n} of the month ${n % 12}`,
  received: `2026-0${1 + (n % 9)}-1${n % 10} 09:${10 + (n % 50)}`,
  body: makeText(600, n),
});

const PHRASES = [
  'the shipment left the warehouse on time',
  'we look forward to the meeting next week',
  'the invoice is attached for your records',
  'thanks for the quick answer yesterday',
  'the numbers of the quarter look good so far',
];

function makeText(length: number, seed = 0): string {
  let made = '';
  for (let i = seed; made.length < length; i++) made += `${PHRASES[i % PHRASES.length]} (${i * 37}). `;
  return made.slice(0, length);
}

function govern(name: string, properties: JsonObject): GovernedTool {
  const tool: Tool = { server: 'acme', name, description: '', inputSchema: { type: 'object', properties } };
  const inferred = inferTool(tool);
  return {
    tool,
    name: toolName(tool),
    pin: pinTool(tool),
    effect: inferred.effect.value,
    consequence: inferred.consequence.value,
    declared: false,
    sinks: inferred.sinks.map(({ path, carries }) => ({ path, carries, declared: false })),
  };
}
