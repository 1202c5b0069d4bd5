import type { StoredEvent } from '../../src/model/event.ts';
import type { Tool } from '../../src/model/tool.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Execution, ToolSource } from '../../src/ports/tool-source.ts';
import { type Seeded, yieldSome } from './seeded.ts';

export const counted: readonly Tool[] = [
  {
    server: 'sim',
    name: 'read_note',
    description: 'reads',
    inputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
  },
  {
    server: 'sim',
    name: 'write_note',
    description: 'writes',
    inputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
  },
  { server: 'sim', name: 'forbidden', description: 'never', inputSchema: { type: 'object' } },
];

export interface Effect {
  readonly callId: string;
  readonly tool: string;
  /** The call's intent as the store had it at the moment of the effect. */
  readonly intent: StoredEvent | undefined;
}

/** A tool server that writes down every effect together with what the store knew at that moment, and fails by seed. */
export function countingSource(truth: Store, seeded: Seeded, rate: () => number, effects: Effect[]): ToolSource {
  return {
    server: 'sim',
    list: async () => counted,
    async call(intent): Promise<Execution> {
      await yieldSome(seeded);
      if (seeded.chance(rate())) throw new Error('injected before the effect');
      if (seeded.chance(rate())) return { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'injected' };
      const events = await truth.readEvents({ tenant: 'default', callId: intent.call.id, limit: 10 });
      effects.push({
        callId: intent.call.id,
        tool: intent.call.tool,
        intent: events.find((event) => event.kind === 'call.intended'),
      });
      await yieldSome(seeded);
      if (seeded.chance(rate())) throw new Error('injected after the effect');
      if (seeded.chance(rate())) return { ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST', message: 'injected' };
      return { ok: true, result: { content: [{ type: 'text', text: 'done' }] } };
    },
    onListChanged: () => () => {},
    close: async () => {},
  };
}
