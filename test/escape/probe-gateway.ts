import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { Chaperone } from '../../src/app/chaperone.ts';
import { loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import type { Notice } from '../../src/app/notice.ts';
import type { AttemptKind } from '../../src/ports/sandbox.ts';

/** By then every notice is due, one that was tried and not delivered too. */
const DAY_MS = 86_400_000;

/** What came of a program that an agent had run: what it printed, and what its gateway says of it. */
export interface ProbeReport {
  readonly stdout: string;
  readonly stderr: string;
  /** What the record has of it. */
  readonly attempts: readonly { readonly kind: AttemptKind; readonly severity: string }[];
}

export interface ProbeGatewayOptions {
  /** Of the profile that code of `language` runs in. */
  readonly profile: Readonly<Record<string, unknown>>;
  readonly language: 'python' | 'js' | 'wasm';
  /** Further entries of `builtin`. */
  readonly builtin?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** As many as there are programs: people are told of each agent by itself. */
  readonly agents: number;
}

/**
 * A whole gateway around the walls: an agent has code run by `builtin/code.run`. What its walls noticed has to be in the
 * record as an event with its severity before the call's outcome is, and people have to be told: whoever runs the
 * gateway, and the channel for alerts.
 */
export class ProbeGateway {
  readonly #gateway: Gateway;
  readonly #chaperone: Chaperone;
  readonly #folder: string;
  readonly #language: string;
  readonly #notices: Notice[];
  #agents = 0;

  private constructor(gateway: Gateway, folder: string, language: string, notices: Notice[]) {
    this.#gateway = gateway;
    this.#chaperone = new Chaperone(gateway);
    this.#folder = folder;
    this.#language = language;
    this.#notices = notices;
  }

  static async open({ profile, language, builtin, environment, agents }: ProbeGatewayOptions): Promise<ProbeGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'probes-'));
    const notices: Notice[] = [];
    const tools = { 'builtin/*': {} };
    const manifest = {
      version: 1,
      data: join(folder, 'data'),
      builtin: { code: { [language]: 'walled' }, ...builtin },
      profiles: { walled: { ...profile } },
      tools: { 'builtin/code.run': { effect: 'read', consequence: 'low' } },
      agents: Object.fromEntries(Array.from({ length: agents }, (_, index) => [`agent-${index}`, { tools }])),
      channels: { soc: { webhook: { url: 'http://127.0.0.1:9/', secret: { secret: 'env:HOOK' } } } },
    };
    const gateway = await Gateway.open({
      loaded: await loadText(JSON.stringify(manifest), 'chaperone.yaml', folder, parseOptions),
      environment: { ...process.env, HOOK: 'a secret of thirty-two characters or more', ...environment },
      notify: (notice) => notices.push(notice),
      store: openMemoryStore(),
    });
    return new ProbeGateway(gateway, folder, language, notices);
  }

  /** Has an agent that nothing was told of yet run a program. */
  async run(code: string): Promise<ProbeReport> {
    const agent = `agent-${this.#agents++}`;
    const run = await this.#chaperone.startRun({ agent, prompt: 'Run it.' });
    const answer = await run.call('builtin/code.run', { language: this.#language, code });
    expect(answer, JSON.stringify(answer).slice(0, 1_000)).toMatchObject({ kind: 'result' });
    if (answer.kind !== 'result') throw new Error('it was not run');
    const { store, clock } = this.#gateway.world;
    const events = await store.readEvents({ tenant: 'default', runId: run.id, afterSeq: 0, limit: 1_000 });
    const kinds = events.map(({ kind }) => kind);
    const told = events.filter(({ kind }) => kind === 'escape.attempted');
    expect(told.length).toBeLessThanOrEqual(1);
    const attempts = (told[0]?.body['attempts'] ?? []) as unknown as ProbeReport['attempts'];
    const alerts = (await store.listNotices('default', clock.nowMs() + DAY_MS, 1_000)).filter(
      ({ facts }) => facts['agent'] === agent,
    );
    const said = this.#notices.filter((notice) => 'message' in notice && notice.message.includes(`\`${agent}\``));
    if (attempts.length === 0) expect([alerts, said]).toEqual([[], []]);
    else {
      const severity = ['high', 'medium', 'low'].find((one) => attempts.some((attempt) => attempt.severity === one));
      expect(told[0]).toMatchObject({ agent, tool: 'builtin/code.run', callId: answer.callId, body: { severity } });
      expect(kinds.indexOf('escape.attempted')).toBeLessThan(kinds.indexOf('call.completed'));
      expect(alerts.map(({ channel, facts }) => [channel, facts])).toEqual([
        ['soc', expect.objectContaining({ alert: 'escape.attempted', severity, call: answer.callId })],
      ]);
      expect(said).toEqual([expect.objectContaining({ kind: severity === 'high' ? 'error' : 'warning' })]);
    }
    const { stdout, stderr } = answer.result.structuredContent as { readonly stdout: string; readonly stderr: string };
    return { stdout, stderr, attempts };
  }

  /** Runs one that is not hostile and has much to say: what is opened once for all runs is open then. */
  async warm(): Promise<void> {
    await this.run("print('x' * 900_000)");
  }

  async close(): Promise<void> {
    await this.#chaperone.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
