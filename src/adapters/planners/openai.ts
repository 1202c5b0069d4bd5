import { z } from 'zod';
import { limits } from '../../base/limits.ts';
import type { Planner } from '../../ports/planner.ts';
import { addPath, type PlannerEndpoint } from './planner-endpoint.ts';
import { postJson } from './post-json.ts';
import { answerSchema, instructions, printQuestion, questionVersion } from './question.ts';
import { readAnswer, readEnvelope } from './read-answer.ts';

/** One finished choice of text. A tool call, a refusal or a cut answer is none. */
const envelope = z.object({
  choices: z.tuple([
    z.object({
      finish_reason: z.literal('stop'),
      message: z.object({
        content: z.string(),
        refusal: z.null().optional(),
        tool_calls: z.union([z.null(), z.tuple([])]).optional(),
      }),
    }),
  ]),
});

/** A planner behind a chat-completions endpoint (OpenAI and what is compatible with it). */
export function openOpenAiPlanner({ url, model, key, timeoutMs }: PlannerEndpoint): Planner {
  return {
    name: 'openai',
    version: `${model} ${questionVersion}`,
    timeoutMs,
    async ask(question, signal) {
      const body = await postJson(
        addPath(url, '/chat/completions'),
        key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` },
        {
          model,
          messages: [
            { role: 'system', content: instructions },
            { role: 'user', content: printQuestion(question) },
          ],
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'tools_needed', strict: true, schema: answerSchema },
          },
          max_completion_tokens: limits.plannerAnswerTokens,
        },
        signal,
      );
      const [choice] = readEnvelope(body, envelope).choices;
      return readAnswer(choice.message.content);
    },
  };
}
