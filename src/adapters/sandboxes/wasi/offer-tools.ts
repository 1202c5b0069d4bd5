import { limits } from '../../../base/limits.ts';
import { awaitAnswer, type CallAnswer, openAnswer } from './shared-answer.ts';

/** Asks the host for one call, whose answer comes into `room`. */
export type AskHost = (name: string, json: string, room: SharedArrayBuffer) => void;

export interface OfferedTools {
  /** By the names under which a module imports them. */
  readonly tools: Readonly<Record<string, (from: number, length: number) => number>>;
  readonly chaperone: { readonly answer: (to: number, length: number) => number };
}

/**
 * The functions of its host that a module may import: from `tools` each one that it was given, by the tool’s full name,
 * and `answer` from `chaperone`. A tool takes its argument as JSON at `from`, and returns how many bytes its answer has;
 * where the call failed, `-1 - n` for `n` bytes that say why. `answer` copies what the last call came to.
 */
export function offerTools(names: readonly string[], readMemory: () => ArrayBuffer, ask: AskHost): OfferedTools {
  let last = new Uint8Array();
  const settle = ({ failed, bytes }: CallAnswer): number => {
    last = bytes.slice();
    return failed ? -1 - bytes.length : bytes.length;
  };
  const fail = (why: string) => settle({ failed: true, bytes: new TextEncoder().encode(why) });
  const call = (name: string, from: number, length: number): number => {
    const bytes = new Uint8Array(readMemory(), from >>> 0, length >>> 0);
    if (bytes.length > limits.argumentBytes) return fail('the argument is too large');
    const room = openAnswer(limits.resultBytes);
    ask(name, new TextDecoder().decode(bytes), room);
    return settle(awaitAnswer(room));
  };
  return {
    tools: Object.fromEntries(names.map((name) => [name, (from, length) => call(name, from, length)])),
    chaperone: {
      answer: (to, length) => {
        const given = last.subarray(0, length >>> 0);
        new Uint8Array(readMemory(), to >>> 0, given.length).set(given);
        return given.length;
      },
    },
  };
}
