import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChaperone, openMemoryStore } from '../src/index.ts';

const BLOCKED = '[blocked by policy]';
const folder = mkdtempSync(join(tmpdir(), 'chaperone-replay-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The user's own words, and what was pasted or attached to them. */
function readParts(userPrompt, promptParts) {
  const parts = [promptParts ?? []]
    .flat()
    .map((part) =>
      typeof part === 'string'
        ? { kind: 'quote', text: part }
        : { kind: part?.kind === 'user' ? 'user' : 'quote', text: String(part?.text ?? part?.content ?? '') },
    );
  if (parts.some((part) => part.kind === 'user')) return parts;
  const own = parts.reduce((text, part) => (part.text === '' ? text : text.split(part.text).join('\n')), userPrompt);
  return [{ kind: 'user', text: own }, ...parts];
}

/**
 * One session of the replay scorer, as an application would guard its tools: one run, and nothing declared unless
 * `manifestDir` holds a manifest named after the suite. Each tool is a function that, once it is let run, waits for what
 * the scorer says it answered. With `attest` false the prompt is kept from Chaperone, as behind plain MCP. `manifest` is said
 * besides, where there is no folder of them.
 */
export async function openSession({ suite, tools, userPrompt, promptParts, manifestDir }, { attest, manifest }) {
  const chaperone = await createChaperone({
    folder,
    store: openMemoryStore(),
    notify: () => {},
    environment: {},
    ...(manifest === undefined ? {} : { manifest: { version: 1, ...manifest } }),
    ...(manifestDir === undefined ? {} : { config: join(manifestDir, `${suite}.yaml`) }),
  });
  const run = await chaperone.startRun({
    agent: 'replay',
    ...(attest ? { prompt: readParts(userPrompt, promptParts) } : {}),
  });
  let running; // what resolves the function that was let run
  let started;
  let offered = new Set(); // what the server lists now
  const guard = (list) => {
    offered = new Set(list.map(({ name }) => name));
    return run.guard(
      Object.fromEntries(
        list.map(({ name, description, input_schema }) => [
          name,
          {
            description: description ?? '',
            inputSchema: input_schema ?? { type: 'object', properties: {} },
            execute: () =>
              new Promise((resolve) => {
                running = resolve;
                started();
              }),
          },
        ]),
      ),
    );
  };
  await guard(tools);

  /** The call under way: what it comes to, and whether its function began. */
  async function begin(name, args, approvalId) {
    running = undefined;
    const begun = new Promise((resolve) => {
      started = () => resolve('begun');
    });
    const answer = run.call(`app/${name}`, args, approvalId === undefined ? {} : { approvalId });
    return { answer, first: await Promise.race([begun, answer]) };
  }

  async function finish(answer, output) {
    running(output);
    const final = await answer;
    if (final.kind === 'refused') return { verdict: 'withhold' };
    return { output: final.result.content.map((block) => block.text ?? '').join('\n') };
  }

  let last;
  /** Whatever breaks, nothing runs and nothing is handed over. */
  const orElse = (answer, work) => work().catch((error) => ({ ...answer, reasons: [{ message: String(error) }] }));
  return {
    before: (name, args) =>
      orElse({ verdict: 'deny' }, async () => {
        last = undefined;
        if (!offered.has(name)) return { verdict: 'deny', reasons: [{ message: 'no such tool is listed' }] };
        const begun = await begin(name, args);
        last = begun;
        if (begun.first === 'begun') return { verdict: 'allow' };
        const { code, reasons, approvalId } = begun.first;
        return { verdict: code === 'E_APPROVAL_PENDING' ? 'ask' : 'deny', reasons, approvalId };
      }),
    after: (name, args, output) =>
      orElse({ verdict: 'withhold' }, async () => {
        if (last === undefined) return {};
        const { answer, first } = last;
        last = undefined;
        if (first === 'begun') return finish(answer, output);
        if (output === BLOCKED || first.approvalId === undefined) return {};
        const how = { presence: 'passkey', confirm: `app/${name}` };
        await chaperone.answerApproval(first.approvalId, true, 'scorer', how);
        const retry = await begin(name, args, first.approvalId);
        if (retry.first !== 'begun') throw new Error(`approved, and yet refused: ${JSON.stringify(retry.first)}`);
        return finish(retry.answer, output);
      }),
    tools: (list) => guard(list),
    async close() {
      await run.end();
      await chaperone.close();
    },
  };
}

export const open = (session) => openSession(session, { attest: true });
