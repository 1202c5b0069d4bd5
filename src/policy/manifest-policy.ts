import type { ErrorCode } from '../base/errors.ts';
import type { Place } from '../model/place.ts';
import { NAMESPACE } from './cedar/generate-cedar-schema.ts';
import type { PolicyKind } from './kernel.ts';
import { quoteCedar } from './quote-cedar.ts';

/** One policy that the manifest compiles to. */
export interface ManifestPolicy {
  /** The value of the policy's `@id`: the path of what it comes from, or `default.…`, `flow.…` for what nobody wrote. */
  readonly id: string;
  readonly kind: PolicyKind;
  /** The Cedar text of this policy alone. */
  readonly text: string;
  /** The key or item of `chaperone.yaml` that says so, or the nearest thing above what holds by default. */
  readonly place: Place;
  /** Whether a person wrote this control. What holds by default is not explicit, nor is a permit. */
  readonly explicit: boolean;
  readonly code: ErrorCode | 'PERMITTED';
  /** What a decision says when this policy determines it, one sentence for people. */
  readonly message: string;
}

/** Where a policy comes from, and what a decision says of it. */
export interface Origin {
  readonly place: Place;
  readonly message: string;
  readonly explicit?: boolean;
  /** Where not given, the code of its kind. */
  readonly code?: ErrorCode;
}

const CODES = { permit: 'PERMITTED', ask: 'E_APPROVAL_PENDING', forbid: 'E_DENIED' } as const;

/** Writes one policy as Cedar text. `scope` stands between the parentheses, `conditions` each on a line of its own. */
export function writePolicy(
  id: string,
  kind: PolicyKind,
  scope: string,
  conditions: readonly string[],
  { place, message, explicit = false, code = undefined }: Origin,
): ManifestPolicy {
  const lines = [`@id(${quoteCedar(id)})`];
  if (kind === 'ask') lines.push(`@ask(${quoteCedar(message)})`);
  lines.push(`${kind === 'permit' ? 'permit' : 'forbid'} (${scope})`, ...conditions);
  return { id, kind, text: `${lines.join('\n')};`, place, explicit, code: code ?? CODES[kind], message };
}

export function agentUid(name: string): string {
  return `${NAMESPACE}::Agent::${quoteCedar(name)}`;
}

/** `server/tool`, `server/*`: the tool, or the server that all its tools are in. */
export function resourceUid(pattern: string): string {
  if (pattern.endsWith('/*')) return `${NAMESPACE}::Server::${quoteCedar(pattern.slice(0, -2))}`;
  return `${NAMESPACE}::Tool::${quoteCedar(pattern)}`;
}

/** The part of a scope that is about the resource. `*` is any. */
export function resourceScope(pattern: string): string {
  if (pattern === '*') return 'resource';
  return `resource ${pattern.endsWith('/*') ? 'in' : '=='} ${resourceUid(pattern)}`;
}
