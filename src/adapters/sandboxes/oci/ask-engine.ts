import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { Fault } from '../../../base/fault.ts';

/** What a host answers with that is short of something. */
const SHORT = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);
const MOST_MS = 10_000;
const MOST_BYTES = 4_194_304;
const LIMITS = { memory: 'MemoryLimit', pids: 'PidsLimit', cpu: 'CpuCfsQuota' } as const;

/** An engine that answers, and which limits of a profile it leaves out. */
export interface EngineAnswer {
  readonly unheld: readonly string[];
}

/**
 * Asks an engine what it is: a program alone is not one. Nothing where it does not answer. Rejects with a `Fault` E_SANDBOX
 * where it cannot even be asked now, which says nothing of the engine.
 */
export function askEngine(engine: string): Promise<EngineAnswer | undefined> {
  const options = { timeout: MOST_MS, maxBuffer: MOST_BYTES };
  return new Promise((resolve, reject) =>
    execFile(engine, ['info', '--format', '{{json .}}'], options, (error, stdout) => {
      if (typeof error?.code === 'string' && SHORT.has(error.code))
        reject(new Fault('E_SANDBOX', `${basename(engine)} could not be started`, { cause: error }));
      else resolve(error === null ? { unheld: findUnheld(stdout) } : undefined);
    }),
  );
}

/**
 * An engine without root takes limits and leaves them out, with a warning, where it may make no control groups. Podman says
 * which controllers it has, Docker which limits; what neither says is not held.
 */
export function findUnheld(info: string): readonly string[] {
  const said = readObject(info);
  const { cgroupControllers: controllers } = (said['host'] ?? {}) as { readonly cgroupControllers?: unknown };
  return Object.entries(LIMITS)
    .filter(([controller, flag]) =>
      Array.isArray(controllers) ? !controllers.includes(controller) : said[flag] !== true,
    )
    .map(([controller]) => controller);
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
