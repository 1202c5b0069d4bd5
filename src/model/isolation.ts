/**
 * What can be stopped. Written `all`, `tenant:acme`, `agent:acme/support`, `run:run_01…`, `server:acme/mail` and
 * `tool:acme/mail/send_email`: whole names, never patterns, so that a scope stops what it names and nothing that is
 * spelt alike. Servers and tools are those of one tenant: another tenant’s of the same name go on.
 */
export type IsolationScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'agent'; readonly tenant: string; readonly agent: string }
  | { readonly kind: 'run'; readonly run: string }
  | { readonly kind: 'server'; readonly tenant: string; readonly server: string }
  | { readonly kind: 'tool'; readonly tenant: string; readonly tool: string };

/** What a scope is held against. What is not known of it lies in no scope that asks for it. */
export interface IsolationSubject {
  readonly tenant: string;
  readonly agent?: string | undefined;
  readonly runId?: string | undefined;
  readonly server?: string | undefined;
  /** `server/tool` */
  readonly tool?: string | undefined;
  /** The runs that its run was started from: what stops one of them, or its agent, stops this too. */
  readonly lineage?: readonly { readonly runId: string; readonly agent: string }[] | undefined;
}

export function printScope(scope: IsolationScope): string {
  switch (scope.kind) {
    case 'all':
      return 'all';
    case 'tenant':
      return `tenant:${scope.tenant}`;
    case 'agent':
      return `agent:${scope.tenant}/${scope.agent}`;
    case 'run':
      return `run:${scope.run}`;
    case 'server':
      return `server:${scope.tenant}/${scope.server}`;
    case 'tool':
      return `tool:${scope.tenant}/${scope.tool}`;
  }
}

const MAX_SCOPE_CHARS = 512;
const SCOPE = /^(tenant|agent|run|server|tool):(.+)$/s;
const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/i;
const SERVER = /^[a-z0-9][a-z0-9_-]{0,30}$/i;

/** The scope that is written like this, or undefined: a scope that nothing can ever lie in is none. */
export function parseScope(text: string): IsolationScope | undefined {
  if (text === 'all') return { kind: 'all' };
  const [, kind, rest = ''] = (text.length <= MAX_SCOPE_CHARS && SCOPE.exec(text)) || [];
  if (kind === 'run') return isPrintable(rest) && rest.length <= 128 ? { kind, run: rest } : undefined;
  const at = rest.indexOf('/');
  const [tenant, name] = at < 0 ? [rest, ''] : [rest.slice(0, at), rest.slice(at + 1)];
  if (!NAME.test(tenant)) return undefined;
  if (kind === 'tenant') return at < 0 ? { kind, tenant } : undefined;
  if (kind === 'agent') return NAME.test(name) ? { kind, tenant, agent: name } : undefined;
  if (kind === 'server') return SERVER.test(name) ? { kind, tenant, server: name } : undefined;
  if (kind !== 'tool') return undefined;
  const [server = '', ...tool] = name.split('/');
  const isTool = SERVER.test(server) && tool.join('/') !== '' && isPrintable(name);
  return isTool ? { kind, tenant, tool: name } : undefined;
}

/** Every scope that stops this when it is isolated, widest first. */
export function scopesOf({ tenant, agent, runId, server, tool, lineage = [] }: IsolationSubject): readonly string[] {
  const of = server ?? tool?.split('/')[0];
  return [
    'all',
    `tenant:${tenant}`,
    ...(agent === undefined ? [] : [`agent:${tenant}/${agent}`]),
    ...(runId === undefined ? [] : [`run:${runId}`]),
    ...(of === undefined ? [] : [`server:${tenant}/${of}`]),
    ...(tool === undefined ? [] : [`tool:${tenant}/${tool}`]),
    ...lineage.flatMap((above) => [`agent:${tenant}/${above.agent}`, `run:${above.runId}`]),
  ];
}

export function isWithin(subject: IsolationSubject, scope: IsolationScope): boolean {
  return scopesOf(subject).includes(printScope(scope));
}

/** One that is in force. */
export interface Isolation {
  readonly scope: string;
  /** Of the first who stopped it. */
  readonly reason: string;
  readonly atMs: number;
  /** Everybody who has stopped it since it was last let back: none of them lets it back. */
  readonly by: readonly string[];
  /** Whether it is let back only with a recorded cause and a change of a control. */
  readonly incident: boolean;
  /** Rises whenever somebody stops it, also while it is stopped: whoever lets it back says up to which one they have seen. */
  readonly epoch: number;
}

/** Neither ends of lines nor anything else that shows as nothing. */
function isPrintable(text: string): boolean {
  return text !== '' && text.isWellFormed() && !/[\s\p{C}]/u.test(text);
}
