import type { ClientKind, Machine } from './client.ts';

/** A text of a client's file after the client's placeholders were looked at. */
export type Expanded =
  /** No placeholder is left; those for folders were filled in. */
  | { readonly kind: 'text'; readonly text: string }
  /** The whole text is one variable of the environment. */
  | { readonly kind: 'variable'; readonly name: string }
  /** Only the client can fill it in: `what` names the placeholder. */
  | { readonly kind: 'open'; readonly what: string };

const PLACEHOLDER = /\$\{([^${}]{1,256})\}/g;

/** Fills in what is known of a text's placeholders. Clients that know no placeholders mean every text literally. */
export function expandText(kind: ClientKind, machine: Machine, text: string): Expanded {
  if (kind === 'codex' || kind === 'claude-desktop') return { kind: 'text', text };
  const filled = text.replace(PLACEHOLDER, (whole, name: string) => folderNamed(machine, name) ?? whole);
  const [first] = filled.matchAll(PLACEHOLDER);
  if (!first) return { kind: 'text', text: filled };
  const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)$/.exec(first[1] ?? '')?.[1];
  if (variable !== undefined && first[0] === filled) return { kind: 'variable', name: variable };
  return { kind: 'open', what: first[0] };
}

function folderNamed(machine: Machine, name: string): string | undefined {
  if (name === 'workspaceFolder') return machine.cwd;
  if (name === 'userHome') return machine.home;
  if (name === '/' || name === 'pathSeparator') return machine.platform === 'win32' ? '\\' : '/';
  return undefined;
}
