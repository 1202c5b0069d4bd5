import { z } from 'zod';
import { limits } from '../../base/limits.ts';
import type { Planner } from '../../ports/planner.ts';
import { addPath, type PlannerEndpoint } from './planner-endpoint.ts';
import { postJson } from './post-json.ts';
import { answerSchema, instructions, printQuestion, questionVersion } from './question.ts';
import { readAnswer, readEnvelope } from './read-answer.ts';

const API_VERSION = '2023-06-01';

/** One block of text, at the end of the model's turn. A tool use or a cut answer is none. */
const envelope = z.object({
  type: z.literal('message'),
  stop_reason: z.literal('end_turn'),
  content: z.tuple([z.object({ type: z.literal('text'), text: z.string() })]),
});

/** A planner behind a messages endpoint (Anthropic and what is compatible with it). */
export function openAnthropicPlanner({ url, model, key, timeoutMs }: PlannerEndpoint): Planner {
  return {
    name: 'anthropic',
    version: `${model} ${questionVersion}`,
    timeoutMs,
    async ask(question, signal) {
      const body = await postJson(
        addPath(url, '/v1/messages'),
        { 'anthropic-version': API_VERSION, ...(key === undefined ? {} : { 'x-api-key': key.reveal() }) },
        {
          model,
          max_tokens: limits.plannerAnswerTokens,
          system: instructions,
          messages: [{ role: 'user', content: printQuestion(question) }],
          output_config: { format: { type: 'json_schema', schema: answerSchema } },
        },
        signal,
      );
      const [block] = readEnvelope(body, envelope).content;
      return readAnswer(block.text);
    },
  };
}
