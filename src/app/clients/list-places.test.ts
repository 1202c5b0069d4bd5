import { describe, expect, it } from 'vitest';
import type { Machine } from './client.ts';
import { listPlaces } from './list-places.ts';

const list = (machine: Machine) => listPlaces(machine).map(({ kind, scope, path }) => `${kind} ${scope} ${path}`);
const unix = { home: '/home/ada', cwd: '/proj' };

describe('listPlaces', () => {
  it('lists every file on Linux', () => {
    expect(list({ ...unix, platform: 'linux' })).toEqual([
      'claude-code project /proj/.mcp.json',
      'claude-code user /home/ada/.claude.json',
      'cursor project /proj/.cursor/mcp.json',
      'cursor user /home/ada/.cursor/mcp.json',
      'vscode project /proj/.vscode/mcp.json',
      'codex project /proj/.codex/config.toml',
      'codex user /home/ada/.codex/config.toml',
      'vscode user /home/ada/.config/Code/User/mcp.json',
      'claude-desktop user /home/ada/.config/Claude/claude_desktop_config.json',
    ]);
  });

  it('knows where programs keep their settings on macOS', () => {
    expect(list({ ...unix, platform: 'darwin' }).slice(-2)).toEqual([
      'vscode user /home/ada/Library/Application Support/Code/User/mcp.json',
      'claude-desktop user /home/ada/Library/Application Support/Claude/claude_desktop_config.json',
    ]);
  });

  it('writes paths of Windows, and leaves out what needs a folder that is not known', () => {
    const windows = { home: 'C:\\Users\\Ada', cwd: 'D:\\work', platform: 'win32' } as const;
    const places = list({ ...windows, appData: 'C:\\Users\\Ada\\AppData\\Roaming' });
    expect(places).toContain('cursor project D:\\work\\.cursor\\mcp.json');
    expect(places.at(-1)).toBe(
      'claude-desktop user C:\\Users\\Ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
    );
    expect(list(windows)).toEqual(places.slice(0, -2));
  });
});
