import * as wasm from '@cedar-policy/cedar-wasm/nodejs';
import { Fault } from '../../base/fault.ts';

export type Engine = typeof wasm;

let broken: unknown;

/**
 * Runs `use` with Cedar itself. A trap (its stack is small) leaves the engine's memory in an unknown state, and an
 * engine in an unknown state must not decide: from then on every use is a fault.
 */
export function useCedar<T>(use: (engine: Engine) => T): T {
  if (broken !== undefined) throw engineFault(broken);
  try {
    return use(wasm);
  } catch (error) {
    // By name, since the types of WebAssembly belong to the browser's library. A RangeError is our own stack's end.
    if (error instanceof Error && (error.name === 'RuntimeError' || error instanceof RangeError)) broken = error;
    throw engineFault(error);
  }
}

function engineFault(cause: unknown): Fault {
  const next = broken === undefined ? '' : '; restart to use it again';
  return new Fault('E_INTERNAL', `the Cedar engine failed${next}`, { cause });
}
