import type { JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { RpcId, RpcRequest, RpcResponse } from '../../model/json-rpc.ts';
import type { McpAnswer } from '../../ports/mcp-upstream.ts';
import { fail } from './client.ts';
import { readRefusal } from './read-answer.ts';

interface Open {
  readonly settle: (answer: McpAnswer) => void;
}

/** The questions put to one legacy client, until it answers, is asked no more, or takes too long. */
export class Questions {
  readonly #open = new Map<RpcId, Open>();
  #lastId = 0;

  /**
   * Asks through `send`, which says whether the client could be reached. Never rejects. `withdraw` tells the client
   * that nobody waits any more.
   */
  ask(
    method: string,
    params: JsonObject,
    signal: AbortSignal,
    send: (message: RpcRequest) => boolean,
    withdraw: (id: RpcId) => void,
  ): Promise<McpAnswer> {
    if (this.#open.size >= limits.mcpQuestions) return Promise.resolve(fail(-32_603, 'Too many open questions'));
    if (signal.aborted) return Promise.resolve(fail(-32_603, 'Cancelled'));
    const id = `chaperone-${++this.#lastId}`;
    return new Promise((resolve) => {
      const settle = (answer: McpAnswer) => {
        if (!this.#open.delete(id)) return;
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      const onAbort = () => {
        withdraw(id);
        settle(fail(-32_603, 'Cancelled'));
      };
      const timer = setTimeout(() => settle(fail(-32_603, 'The client did not answer')), limits.mcpQuestionMs).unref();
      this.#open.set(id, { settle });
      signal.addEventListener('abort', onAbort, { once: true });
      if (!send({ jsonrpc: '2.0', id, method, params })) settle(fail(-32_603, 'The client cannot be reached'));
    });
  }

  /** Takes a client's answer. One that nobody waits for is dropped. */
  answer(response: RpcResponse): void {
    const open = response.id === null ? undefined : this.#open.get(response.id);
    if ('error' in response) open?.settle({ ok: false, error: readRefusal(response.error) });
    else if (isJsonObject(response.result)) open?.settle({ ok: true, result: response.result });
  }

  end(): void {
    for (const { settle } of [...this.#open.values()]) settle(fail(-32_603, 'The client has gone'));
  }
}
