import { posix, win32 } from 'node:path';
import type { ClientPlace, Machine } from './client.ts';

/** Every file in which a known client keeps its servers on this machine, whether or not it exists. */
export function listPlaces(machine: Machine): readonly ClientPlace[] {
  const { home, cwd } = machine;
  const { join } = machine.platform === 'win32' ? win32 : posix;
  const json = { format: 'json', sections: [['mcpServers']] } as const;
  const vscode = { kind: 'vscode', format: 'json', sections: [['servers']] } as const;
  const codex = { kind: 'codex', format: 'toml', sections: [['mcp_servers']] } as const;

  const places: ClientPlace[] = [
    { ...json, kind: 'claude-code', scope: 'project', path: join(cwd, '.mcp.json') },
    {
      ...json,
      kind: 'claude-code',
      scope: 'user',
      path: join(home, '.claude.json'),
      sections: [['mcpServers'], ['projects', cwd, 'mcpServers']],
    },
    { ...json, kind: 'cursor', scope: 'project', path: join(cwd, '.cursor', 'mcp.json') },
    { ...json, kind: 'cursor', scope: 'user', path: join(home, '.cursor', 'mcp.json') },
    { ...vscode, scope: 'project', path: join(cwd, '.vscode', 'mcp.json') },
    { ...codex, scope: 'project', path: join(cwd, '.codex', 'config.toml') },
    { ...codex, scope: 'user', path: join(home, '.codex', 'config.toml') },
  ];
  const programs = programFolder(machine, join);
  if (programs !== undefined) {
    places.push(
      { ...vscode, scope: 'user', path: join(programs, 'Code', 'User', 'mcp.json') },
      { ...json, kind: 'claude-desktop', scope: 'user', path: join(programs, 'Claude', 'claude_desktop_config.json') },
    );
  }
  return places;
}

/** Where desktop programs keep their settings. */
function programFolder(machine: Machine, join: typeof posix.join): string | undefined {
  if (machine.platform === 'win32') return machine.appData;
  if (machine.platform === 'darwin') return join(machine.home, 'Library', 'Application Support');
  return join(machine.home, '.config');
}
