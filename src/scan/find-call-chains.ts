import type { JsonValue } from '../base/json.ts';
import { listTexts } from './list-texts.ts';
import { shellShapes } from './shell-shapes.ts';

/** A call as far as its role in a sequence goes. */
export interface ChainedCall {
  readonly tool: string;
  readonly arguments: JsonValue;
}

/** Calls that together do what none of them does alone; `calls` are their places in the sequence. */
export interface CallChain {
  readonly kind: 'read-then-send' | 'write-then-run' | 'search-then-read-credentials' | 'stay-then-connect';
  readonly calls: readonly number[];
}

type Role = 'reads-secret' | 'reads-data' | 'writes' | 'runs' | 'connects' | 'lists' | 'stays';

/**
 * Finds suspicious orders of calls by what their names and arguments say they do: credentials or variables read, then
 * anything sent; a file written, then run; folders searched, then credentials read; something made to stay, then a
 * connection. A sign for people and policies: what really may flow where is decided by labels.
 */
export function findCallChains(calls: readonly ChainedCall[]): readonly CallChain[] {
  const seen = calls
    .slice(0, MOST_CALLS)
    .map((call) => ({ roles: rolesOf(call), texts: listTexts(call.arguments).map(({ text }) => text) }));
  const chains: CallChain[] = [];
  const pair = (
    kind: CallChain['kind'],
    first: Role,
    then: Role,
    fits: (a: readonly string[], b: readonly string[]) => boolean = () => true,
  ) => {
    for (const [i, a] of seen.entries()) {
      if (!a.roles.has(first)) continue;
      const j = seen.findIndex((b, index) => index > i && b.roles.has(then) && fits(a.texts, b.texts));
      if (j < 0) continue;
      chains.push({ kind, calls: [i, j] });
      return;
    }
  };
  pair('read-then-send', 'reads-secret', 'connects');
  pair('write-then-run', 'writes', 'runs', (written, run) => written.some((text) => isNamedIn(text, run)));
  pair('search-then-read-credentials', 'lists', 'reads-secret');
  pair('stay-then-connect', 'stays', 'connects');
  return chains;
}

const MOST_CALLS = 200;

/** Whether a path that was written, or its last part, stands in what is run. */
function isNamedIn(path: string, run: readonly string[]): boolean {
  if (!/^[\w~./\\-]{3,300}$/.test(path) || !/[/.]/.test(path)) return false;
  const name = path.split(/[/\\]/).at(-1) ?? path;
  return name.length >= 3 && run.some((text) => text.includes(name));
}

const CREDENTIALS =
  /\.(?:ssh|aws|gnupg|kube|docker)(?:\/|$)|\.(?:env|netrc|pgpass|npmrc|pypirc|git-credentials|pem|key|p12|pfx|kdbx)\b|\bid_(?:rsa|dsa|ecdsa|ed25519)\b|\/etc\/(?:passwd|shadow)|credential|secrets?\b|\bpasswords?\b|wallet\.dat|cookies?\.(?:sqlite|pkl|txt)|keychain|login data/i;
const SECRET_VARIABLE = /^[A-Z][A-Z0-9_]*(?:KEY|SECRET|TOKEN|PASS(?:WORD)?|URL|DSN|CREDENTIALS?|URI)$/;
const STAYING =
  /cron|systemd|launchd?(?:agents|daemons)|\/etc\/(?:init\.d|rc\.local|profile)|\.(?:bashrc|zshrc|profile|bash_profile)\b|authorized_keys|startup|autorun|\.service\b/i;

function rolesOf({ tool, arguments: args }: ChainedCall): ReadonlySet<Role> {
  const words = new Set(
    tool
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .split(/[^a-z]+/),
  );
  const has = (...names: string[]) => names.some((name) => words.has(name));
  const texts = listTexts(args).map(({ text }) => text);
  const roles = new Set<Role>();
  const runs = has('exec', 'execute', 'run', 'shell', 'bash', 'command', 'terminal', 'eval', 'spawn', 'script');
  const writes = has('write', 'save', 'create', 'put', 'append', 'edit', 'copy');
  if (runs) roles.add('runs');
  if (writes) roles.add('writes');
  if (has('list', 'ls', 'dir', 'directory', 'search', 'find', 'glob', 'tree', 'scan')) roles.add('lists');
  const connects = has(
    'fetch',
    'http',
    'request',
    'post',
    'send',
    'upload',
    'curl',
    'webhook',
    'email',
    'mail',
    'publish',
    'connect',
    'browse',
  );
  if (connects || (!writes && texts.some((text) => /^[a-z]{2,6}:\/\/\S+$/i.test(text) && !text.startsWith('file:'))))
    roles.add('connects');
  const reads =
    has('read', 'get', 'cat', 'load', 'open', 'view', 'env', 'environment', 'download', 'show', 'query') || runs;
  const isSecret = texts.some((text) => text.length < 2_000 && (CREDENTIALS.test(text) || SECRET_VARIABLE.test(text)));
  if (reads && (isSecret || has('env', 'environment', 'secret', 'secrets', 'credential', 'credentials')))
    roles.add('reads-secret');
  if (
    has('schedule', 'cron', 'cronjob', 'autostart', 'daemon', 'service') ||
    ((writes || runs) && texts.some((text) => STAYING.test(text)))
  )
    roles.add('stays');
  if (runs) {
    for (const text of texts) {
      const kinds = shellShapes.detect(text).map(({ kind }) => kind);
      if (kinds.includes('reads-credentials')) roles.add('reads-secret');
      if (kinds.includes('stays-for-good')) roles.add('stays');
      if (/(?<![\w-])(?:curl|wget|nc|ncat|ssh|scp|rsync|ftp)\b/.test(text)) roles.add('connects');
    }
  }
  return roles;
}
