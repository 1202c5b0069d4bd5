import { connect, type Socket } from 'node:net';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { EgressRule } from '../../policy/egress/compile-egress.ts';
import type { EgressTarget } from '../../policy/egress/read-target.ts';
import type { EgressRuntime } from './runtime.ts';

type Resolving = Pick<EgressRuntime, 'resolve' | 'refuseCountry'>;

const IS_ADDRESS = /^\[|^\d+\.\d+\.\d+\.\d+$/;

/**
 * The one address that a connection goes to. A name is resolved once, here, and every address it has must be one that
 * the rule leads to: a name with a private address among public ones is refused, whichever would have been taken. Throws
 * a `Fault`: E_EGRESS_ADDRESS, E_EGRESS_COUNTRY, E_UPSTREAM_UNREACHABLE.
 */
export async function pinAddress(rule: EgressRule, target: EgressTarget, runtime: Resolving): Promise<string> {
  const addresses = await listAddresses(rule, target.host, runtime);
  for (const address of addresses) {
    const why = rule.refuseAddress(address);
    if (why !== undefined) throw new Fault('E_EGRESS_ADDRESS', `${target.host} leads to ${address}: ${why}`);
    const country = runtime.refuseCountry(address);
    if (country !== undefined) throw new Fault('E_EGRESS_COUNTRY', `${target.host} leads to ${address}: ${country}`);
  }
  const [first] = addresses;
  if (first === undefined) throw new Fault('E_UPSTREAM_UNREACHABLE', `${target.host} has no address`);
  return first;
}

async function listAddresses(rule: EgressRule, host: string, { resolve }: Resolving): Promise<readonly string[]> {
  if (rule.pinned !== undefined) return rule.pinned;
  if (IS_ADDRESS.test(host)) return [host.startsWith('[') ? host.slice(1, -1) : host];
  try {
    return await resolve(host);
  } catch (error) {
    throw new Fault('E_UPSTREAM_UNREACHABLE', `${host} has no address`, { cause: error });
  }
}

/** Connects to an address that was checked. Rejects with a `Fault` E_UPSTREAM_UNREACHABLE. */
export function connectTo(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // `host` is an address, so nothing is resolved again; `lookup` would be the place, and must never be asked.
    const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true, lookup: refuseLookup });
    const fail = (cause?: unknown) => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(new Fault('E_UPSTREAM_UNREACHABLE', `no connection to ${address} port ${port}`, { cause }));
    };
    const timer = setTimeout(fail, limits.egressConnectMs);
    const onAbort = () => fail();
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', fail);
    };
    if (signal.aborted) return fail();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function refuseLookup(
  _host: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(new Error('nothing is resolved twice'), '', 4);
}
