import { createHttpDoor } from '../doors/http/door.ts';
import { createMcpDoor, type McpDoor } from '../doors/mcp/create-mcp-door.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Signer } from '../ports/signer.ts';
import { authenticateAgents } from './egress/agent-egress.ts';
import { showCertificate } from './egress/show-certificate.ts';
import type { Gateway } from './gateway.ts';
import { createHttpRuntime } from './http-runtime.ts';
import { createMcpGate } from './mcp-gate.ts';
import type { Notify } from './notice.ts';
import { openSigner } from './open-signer.ts';
import { openPeopleDesk } from './people/open-people-desk.ts';

export interface ServeOptions {
  readonly notify: Notify;
  /** Instead of the manifest's. */
  readonly port?: number;
  /** Lets programs on this machine in without a token, as this agent: for the demo and for tests. */
  readonly loopbackAgent?: string;
}

export interface Serving {
  /** `http://127.0.0.1:7070` */
  readonly origin: string;
  readonly port: number;
  readonly signer: Signer;
  /** What tokens have to be for. */
  readonly audience: string;
  close(): Promise<void>;
}

/** What every token of a gateway is for: its tenant's gateway, under whatever address. */
export function audienceOf(manifest: Manifest): string {
  return `chaperone:${manifest.tenant}`;
}

/** The MCP door in front of a gateway. It follows the gateway to other servers when the configuration changes. */
export function openMcpDoor(gateway: Gateway, notify: Notify): McpDoor {
  const listUpstreams = () => [...gateway.sources.values()].map((source) => source.upstream);
  const door = createMcpDoor({
    gate: createMcpGate(gateway),
    clock: gateway.world.clock,
    upstreams: listUpstreams(),
    hosts: gateway.loaded.manifest.listen.names,
    onProblem: (problem) =>
      notify({
        kind: 'error',
        message: problem instanceof Error ? (problem.stack ?? problem.message) : String(problem),
      }),
  });
  let followed = gateway.sources;
  const unfollow = gateway.onCatalogChanged(() => {
    if (gateway.sources === followed) return;
    followed = gateway.sources;
    door.replaceUpstreams(listUpstreams());
  });
  return {
    ...door,
    async close() {
      unfollow();
      await door.close();
    },
  };
}

/** Serves MCP at `/mcp` and the HTTP API. Throws a `Fault`: E_LISTEN, E_CONFIG. */
export async function serve(gateway: Gateway, options: ServeOptions): Promise<Serving> {
  const { manifest } = gateway.loaded;
  const { clock } = gateway.world;
  const signer = await openSigner(gateway.data, clock);
  await gateway.maskOwnKeys();
  const audience = audienceOf(manifest);
  const clientSecret = await gateway.readClientSecret();
  const mcp = openMcpDoor(gateway, options.notify);
  const door = createHttpDoor({
    runtime: createHttpRuntime(gateway),
    signer,
    people: openPeopleDesk({
      store: gateway.world.store,
      clock,
      signer,
      manifest: () => gateway.loaded.manifest,
      ...(clientSecret === undefined ? {} : { clientSecret: clientSecret.reveal() }),
    }),
    clock,
    audience,
    names: manifest.listen.names,
    mcp: (request, { caller, parsedBody }) => mcp.fetch(request, caller, parsedBody),
    report: (report) => options.notify({ kind: 'error', message: JSON.stringify(report) }),
    ...(options.loopbackAgent === undefined
      ? {}
      : { allowUnauthenticatedLoopback: { tenant: manifest.tenant, agent: options.loopbackAgent } }),
  });
  const { host, port, tls } = manifest.listen;
  const way = manifest.egress.listen;
  if (way !== undefined) {
    const { egress, world } = gateway;
    egress.authenticate = authenticateAgents({ runs: world.runs, book: egress.book, signer, audience });
    const { port: egressPort } = await egress.listen(way);
    options.notify({ kind: 'info', message: `the egress door listens on ${way.host} port ${egressPort}` });
    await showCertificate(gateway.data, await egress.readCertificate(), options.notify);
  }
  const listener = await door.listen({ host, port: options.port ?? port, ...(tls === undefined ? {} : { tls }) });
  gateway.notifying.serveAt(listener.origin);
  return {
    origin: listener.origin,
    port: listener.port,
    signer,
    audience,
    async close() {
      // The MCP door first: its open streams would otherwise hold the listener until it cuts them off.
      await mcp.close();
      await listener.close();
    },
  };
}
