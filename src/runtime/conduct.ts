import type { ToolResult } from '../model/result.ts';
import { confirmEffect } from './confirm-effect.ts';
import { degrade } from './degrade.ts';
import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';
import type { Walk } from './walk.ts';
import type { World } from './world.ts';

/**
 * What a tool's declaration asks for around whole walks of the line: that an effect is confirmed by reading it back, and
 * what is done about a failure. Each walk is a call of its own, decided and recorded; nothing here lets anything through
 * that the line has refused. Never throws.
 */
export async function conduct(world: World, request: CallRequest, walk: Walk): Promise<CallAnswer> {
  const attempt: Walk = async (tried) => {
    const answer = await walk(tried);
    const { bundle, manifest } = world.catalog();
    const declaration = Object.hasOwn(manifest.tools, tried.tool) ? manifest.tools[tried.tool] : undefined;
    if (declaration === undefined || answer.kind !== 'result' || !isDone(answer.result)) return answer;
    // What an earlier write came to says nothing of one that failed.
    if (declaration.effect === 'read' && declaration.onFailure?.some(({ kind }) => kind === 'cached')) {
      world.guards.kept.keep(tried, bundle, answer, world.clock.nowMs());
    }
    return declaration.verify === undefined ? answer : confirmEffect(world, tried, answer, declaration.verify, walk);
  };
  const answer = await attempt(request);
  return answer.kind === 'result' ? answer : degrade(world, request, answer, attempt);
}

/** A tool that says that it failed, or asks for something first, has done nothing yet that could be kept or read back. */
function isDone({ isError, extra }: ToolResult): boolean {
  return isError !== true && extra?.['resultType'] !== 'input_required';
}
