import { limits } from '../../base/limits.ts';
import type { Run } from '../../model/run.ts';
import { readStoredCall } from '../approving/stored-call.ts';
import type { Catalog } from '../catalog.ts';
import { refusalKey } from '../refusal-book.ts';
import type { Sources, World } from '../world.ts';
import type { CallRequest } from './call-request.ts';
import { Refusal, refuse } from './refusal.ts';

/**
 * Proof that the caller is who they say, on a live run of theirs. Holds the catalog the whole call is decided under,
 * and the sources it was made of; disposing of it lets the next call in.
 */
export class Admitted implements Disposable {
  readonly #inFlight: { count: number };
  readonly callId: string;
  readonly request: CallRequest;
  readonly run: Run;
  readonly catalog: Catalog;
  readonly sources: Sources;

  constructor(
    inFlight: { count: number },
    callId: string,
    request: CallRequest,
    run: Run,
    { catalog, sources }: { readonly catalog: Catalog; readonly sources: Sources },
  ) {
    this.#inFlight = inFlight;
    this.callId = callId;
    this.request = request;
    this.run = run;
    this.catalog = catalog;
    this.sources = sources;
    this.#inFlight.count += 1;
  }

  [Symbol.dispose](): void {
    this.#inFlight.count -= 1;
  }
}

export async function admit(world: World, asked: CallRequest, callId: string): Promise<Admitted | Refusal> {
  if (isFull(world)) return busy();
  const waitMs = world.guards.refusals.waitMs(refusalKey(world, asked));
  if (waitMs !== undefined) return tooManyRefused(waitMs);
  const request = await readStoredCall(world, asked);
  if (request instanceof Refusal) return request;
  const run = await findRun(world, request);
  if (run instanceof Refusal) return run;
  if (run === undefined) return refuse('E_RUN_UNKNOWN', 'this principal has no such run');
  if (run.expiresAtMs <= world.runs.nowMs(run)) return refuse('E_RUN_ENDED', 'the run has expired');
  if (!(await recallLoops(world, run))) return refuse('E_STORE', 'the calls of the run could not be read');
  // Others may have been let in while the run was read.
  if (isFull(world)) return busy();
  return new Admitted(world.inFlight, callId, request, run, { catalog: world.catalog(), sources: world.sources() });
}

/** Where loops are looked for, what the run was granted before this process knew it counts as well. */
async function recallLoops(world: World, run: Run): Promise<boolean> {
  const { same, cycle, noProgress } = world.catalog().manifest.loops;
  if (same === undefined && cycle === undefined && noProgress === undefined) return true;
  try {
    await world.guards.loops.recall(world.store, run);
    return true;
  } catch {
    return false;
  }
}

function isFull({ inFlight }: World): boolean {
  return inFlight.count >= limits.callsInFlight;
}

function busy(): Refusal {
  return refuse('E_BUSY', `${limits.callsInFlight} calls are already in flight`);
}

function tooManyRefused(retryAfterMs: number): Refusal {
  const message = `${limits.refusalsPerMinute} calls were refused within a minute; what follows in it is counted and not recorded`;
  return new Refusal([{ code: 'E_REFUSALS', message }], 'E_REFUSALS', { retryAfterMs });
}

async function findRun(world: World, request: CallRequest): Promise<Run | Refusal | undefined> {
  try {
    return await world.runs.find(request.principal, request.runId);
  } catch {
    return refuse('E_STORE', 'the run could not be read');
  }
}
