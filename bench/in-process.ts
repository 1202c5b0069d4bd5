import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChaperone } from '../src/index.ts';

/** Chaperone in this process, on SQLite on disk, with one run and one tool that costs next to nothing. */
export interface InProcess extends AsyncDisposable {
  /** One governed call: decided, committed before and after. Rejects if it does not come back with its answer. */
  call(): Promise<void>;
}

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(4);

/** @param limits what the manifest says besides: `budgets`, and of the agent's one tool and of the agent */
export async function openInProcess(
  limits: { readonly budgets?: object; readonly tool?: object; readonly agent?: object } = {},
): Promise<InProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-'));
  const chaperone = await createChaperone({
    folder,
    environment: {},
    notify: () => undefined,
    manifest: {
      version: 1,
      data: join(folder, 'data'),
      tools: { 'app/echo': { effect: 'read', consequence: 'low' } },
      ...(limits.budgets === undefined ? {} : { budgets: limits.budgets }),
      agents: {
        bench: {
          ...limits.agent,
          tools: { 'app/echo': { ...limits.tool, arguments: { text: { maxLength: 10_000 } } } },
        },
      },
    },
  });
  const run = await chaperone.startRun({ agent: 'bench', task: 'bench', prompt: 'Measure.' });
  const { echo } = await run.guard({
    echo: {
      description: 'Returns the text.',
      inputSchema: {
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
      execute: async ({ text }: { text: string }) => ({ text }),
    },
  });
  return {
    async call() {
      const answer = await echo.execute({ text: TEXT });
      if (answer.text !== TEXT) throw new Error(`it does not echo: ${JSON.stringify(answer)}`);
    },
    async [Symbol.asyncDispose]() {
      await chaperone.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes `count` calls, `inFlight` at a time. */
export async function callMany(subject: InProcess, count: number, inFlight: number): Promise<void> {
  let left = count;
  const work = async () => {
    while (left-- > 0) await subject.call();
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}
