import type { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';

export const clientKinds = ['claude-code', 'claude-desktop', 'codex', 'cursor', 'vscode'] as const;
/** A program that speaks MCP and keeps a list of servers in a file of its own. */
export type ClientKind = (typeof clientKinds)[number];

export const clientTitles: Readonly<Record<ClientKind, string>> = {
  'claude-code': 'Claude Code',
  'claude-desktop': 'Claude Desktop',
  codex: 'Codex',
  cursor: 'Cursor',
  vscode: 'VS Code',
};

/** Where on this machine to look. `appData` is `%APPDATA%`; without it Windows programs that need it are not looked for. */
export interface Machine {
  readonly home: string;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly appData?: string;
}

/** A file that may hold a client's servers. */
export interface ClientPlace {
  readonly kind: ClientKind;
  /** `project`: it belongs to the folder `machine.cwd`. `user`: it holds for every project. */
  readonly scope: 'project' | 'user';
  readonly format: 'json' | 'toml';
  readonly path: string;
  /** Where in the file the servers stand: keys from the root, one list for each place. */
  readonly sections: readonly (readonly string[])[];
}

/** One server of a client's file, as it is written there. */
export interface ClientServer {
  readonly section: readonly string[];
  readonly name: string;
  readonly entry: JsonObject;
}

/** A file that exists and was read. */
export interface ReadClient {
  readonly place: ClientPlace;
  /** The file itself, where `place.path` is a symbolic link; otherwise the same. */
  readonly realPath: string;
  readonly text: string;
  readonly servers: readonly ClientServer[];
}

/** A file that exists and could not be read or understood. */
export interface BrokenClient {
  readonly place: ClientPlace;
  readonly fault: Fault;
}

export interface FoundClients {
  readonly machine: Machine;
  readonly clients: readonly ReadClient[];
  readonly broken: readonly BrokenClient[];
}

/** `mcpServers.github`: how people are told which entry is meant. */
export function describeServer(server: Pick<ClientServer, 'section' | 'name'>): string {
  return [...server.section, server.name].join('.');
}
