import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDemo } from '../app/demo/open-demo.ts';
import type { DemoOutcome, DemoRun } from '../app/demo/run-protected.ts';
import { runUnprotected } from '../app/demo/run-unprotected.ts';
import type { JsonObject } from '../base/json.ts';
import type { CommandContext } from './command-context.ts';
import { init } from './init.ts';
import { printCard } from './print-card.ts';
import { printNotice } from './print-notice.ts';
import { readKey } from './read-key.ts';
import type { Terminal } from './terminal.ts';
import { aborted } from './up.ts';

const CHAPERONE = 'npm run --silent chaperone --';
const LINE_BEFORE = 'mail/delete_message: { approval: required }';
const LINE_AFTER = 'mail/delete_message: { approval: never }';
const MARKS: Readonly<Record<DemoOutcome['kind'], readonly ['green' | 'red' | 'yellow' | 'cyan', string]>> = {
  permitted: ['green', '✓ permitted'],
  blocked: ['red', '✗ blocked  '],
  waiting: ['yellow', '? waiting  '],
  redacted: ['cyan', '~ redacted '],
};

/**
 * The main job, shown: a hijacked agent with real tools, first without Chaperone, then with it; one question answered by
 * one key; one line of the configuration changed. Serves until it is interrupted, unless `once`.
 */
export async function demo(context: CommandContext, options: { readonly once: boolean }): Promise<void> {
  const { terminal, signal } = context;
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-demo-'));
  try {
    terminal.say(
      terminal.style(
        'bold',
        'A support agent is asked to answer a mail. The mail holds an attack, and the agent obeys it.',
      ),
    );
    terminal.say();
    terminal.say('without Chaperone');
    const unprotected = await runUnprotected(folder);
    for (const letter of unprotected.sent) {
      terminal.say(
        `  ${terminal.style('red', '✗ left the house')}  ${letter.to}: ${letter.body.length} characters of contacts and files`,
      );
    }
    terminal.say();

    await using running = await openDemo(folder, context.env, printNotice(terminal));
    terminal.say('with Chaperone: the same agent, the same mail, the same tools');
    const first = await running.run();
    print(terminal, first);
    if (terminal.json) return terminal.data(toJson(unprotected.sent.length, first), []);
    if (options.once) return;

    await answerByKey(context, running, first);
    await changeOneLine(terminal, running, first);
    terminal.say();
    const blocked = first.outcomes.find((outcome) => outcome.kind === 'blocked');
    if (blocked)
      terminal.say(`why it was blocked: ${CHAPERONE} --config ${running.configPath} explain ${blocked.callId} --trace`);
    terminal.say(`serving MCP at ${running.origin}/mcp and the HTTP API at ${running.origin}/v1; Ctrl-C ends`);
    await offerInit(context);
    await aborted(signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type RunningDemo = Awaited<ReturnType<typeof openDemo>>;

function print(terminal: Terminal, run: DemoRun): void {
  for (const outcome of run.outcomes) {
    const [style, mark] = MARKS[outcome.kind];
    terminal.say(`  ${terminal.style(style, mark)}  ${outcome.tool}  ${outcome.summary}`);
    const { rule } = outcome;
    if (rule !== undefined)
      terminal.say(terminal.style('dim', `               ${rule.file}:${rule.line}  ${rule.text}`));
  }
}

/** One key answers. Nothing else, and no key at all, leaves the call unanswered, and silence denies. */
async function answerByKey({ terminal, signal }: CommandContext, running: RunningDemo, first: DemoRun): Promise<void> {
  const waiting = first.outcomes.find((outcome) => outcome.kind === 'waiting');
  if (waiting?.approvalId === undefined) return;
  const approval = await running.readApproval(waiting.approvalId);
  terminal.say();
  for (const line of approval === undefined ? [] : printCard(approval.approval, approval.card))
    terminal.say(`  ${line}`);
  if (!terminal.interactive) return terminal.say('  nobody is at this terminal to answer; silence denies');
  terminal.say('  [d] deny   [a] approve   any other key: leave it');
  const key = await readKey(signal);
  if (key !== 'a' && key !== 'd') return terminal.say('  left waiting');
  const came = await running.answer(waiting.approvalId, key === 'a');
  terminal.say(`  ${key === 'a' ? 'approved' : 'denied'}; the agent tries again: ${came}`);
}

/** Changes one line of the configuration while the gateway runs, runs again, and prints what came out differently. */
async function changeOneLine(terminal: Terminal, running: RunningDemo, first: DemoRun): Promise<void> {
  const before = await readFile(running.configPath, 'utf8');
  await writeFile(running.configPath, before.replace(LINE_BEFORE, LINE_AFTER));
  const second = await running.rerun();
  terminal.say();
  terminal.say('one line of chaperone.yaml changed while it runs');
  terminal.say(`  ${terminal.style('red', `- ${LINE_BEFORE}`)}`);
  terminal.say(`  ${terminal.style('green', `+ ${LINE_AFTER}`)}`);
  for (const outcome of second.outcomes) {
    const was = first.outcomes.find((earlier) => earlier.tool === outcome.tool);
    if (was !== undefined && was.kind !== outcome.kind)
      terminal.say(`  ${outcome.tool}: ${was.kind} → ${outcome.kind}`);
  }
}

async function offerInit(context: CommandContext): Promise<void> {
  const { terminal, signal } = context;
  terminal.say(`your own client: ${CHAPERONE} init --dry-run shows what would change and changes nothing`);
  if (!terminal.interactive) return;
  terminal.say('[i] run it now');
  if ((await readKey(signal)) === 'i') await init(context, { dryRun: true, undo: false, yes: false, force: false }, []);
}

function toJson(sentWithout: number, run: DemoRun): JsonObject {
  return {
    without: { lettersSent: sentWithout },
    with: { lettersSent: run.lettersSent },
    outcomes: Object.fromEntries(run.outcomes.map((outcome) => [outcome.kind, JSON.parse(JSON.stringify(outcome))])),
  };
}
