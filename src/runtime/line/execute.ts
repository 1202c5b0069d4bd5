import { scopesOf } from '../../model/isolation.ts';
import { printChildTrace, traceOfRun } from '../../model/trace.ts';
import type { Execution, Over, ToolSource } from '../../ports/tool-source.ts';
import { reportProgress } from '../remarks.ts';
import type { World } from '../world.ts';
import { findStop } from './find-stop.ts';
import type { Intended } from './intend.ts';

/** Proof that the intent was handed to its tool at most once, and what came of it. */
export class Executed {
  readonly #execution: Execution;
  readonly intended: Intended;
  /** Until the tool answered, or was given up; 0 where it was not called. */
  readonly tookMs: number;
  /** How its server was reached, where one was, and how long that took. */
  readonly upstream: (Over & { readonly atMs: number; readonly tookMs: number }) | undefined;

  constructor(intended: Intended, execution: Execution, tookMs: number, upstream?: Executed['upstream']) {
    this.#execution = execution;
    this.intended = intended;
    this.tookMs = tookMs;
    this.upstream = upstream;
  }

  get execution(): Execution {
    return this.#execution;
  }
}

/** Hands the call to the source it was decided about: another one may have the same name by now. */
export async function execute(world: World, intended: Intended): Promise<Executed> {
  const { sources, run } = intended.grant.decided.labelled.validated.scanned.admitted;
  const { name, tool } = intended.intent.tool;
  const source = sources(tool.server);
  // A file may have been put there while the intent was recorded: it stops what has not begun.
  const stopped = findStop(world, scopesOf({ ...run.principal, runId: run.id, tool: name, lineage: run.lineage }));
  if (stopped !== undefined) {
    const message = stopped.reasons[0]?.message ?? '';
    return new Executed(intended, { ok: false, ran: 'no', code: 'E_ISOLATED', message }, 0);
  }
  if (source === undefined) {
    const message = 'the tool’s server is not configured any more';
    return new Executed(intended, { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message }, 0);
  }
  const atMs = world.clock.nowMs();
  const begunMs = world.clock.monotonicMs();
  const { over, ...execution } = await callWithin(source, intended);
  const tookMs = Math.round((world.clock.monotonicMs() - begunMs) * 1_000) / 1_000;
  return new Executed(intended, execution, tookMs, over === undefined ? undefined : { ...over, atMs, tookMs });
}

/** The adapter's answer, or, if it hangs past the deadline, is cancelled or breaks, an honest `unknown`. */
async function callWithin(source: ToolSource, intended: Intended): Promise<Execution> {
  const { intent, grant } = intended;
  const { request } = grant.decided.labelled.validated.scanned.admitted;
  const { tenant } = request.principal;
  const trace = request.trace ?? { traceId: traceOfRun(tenant, request.runId), sampled: true };
  const confined = grant.decided.decision.obligations.some((obligation) => obligation.kind === 'fields');
  const carrier = confined ? request.carrier?.confine?.() : request.carrier;
  const abort = new AbortController();
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<Execution>();
  const stop = (code: 'E_UPSTREAM_TIMEOUT' | 'E_CANCELLED', message: string) => {
    abort.abort(message);
    interrupt({ ok: false, ran: 'unknown', code, message });
  };
  const timer = setTimeout(
    () => stop('E_UPSTREAM_TIMEOUT', `no answer within ${intent.deadlineMs} ms`),
    intent.deadlineMs,
  );
  const onCancel = () => stop('E_CANCELLED', 'the caller cancelled');
  request.signal?.addEventListener('abort', onCancel, { once: true });
  try {
    if (request.signal?.aborted) {
      return { ok: false, ran: 'no', code: 'E_CANCELLED', message: 'the caller cancelled before the tool was called' };
    }
    const called = source.call(intent, {
      signal: abort.signal,
      ...(request.onProgress === undefined ? {} : { onProgress: reportProgress(request.onProgress, confined) }),
      meta: { traceparent: printChildTrace(trace, intent.call.id) },
      ...(request.input === undefined ? {} : { input: request.input }),
      ...(carrier === undefined ? {} : { carrier }),
    });
    return await Promise.race([called, interrupted]);
  } catch {
    return { ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST', message: 'the tool’s adapter broke during the call' };
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onCancel);
  }
}
