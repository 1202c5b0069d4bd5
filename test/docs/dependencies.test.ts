import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocument, root } from './read-fences.ts';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
}

const readJson = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, unknown>;
const { dependencies } = readJson('package.json') as { dependencies: Record<string, string> };
const { packages } = readJson('package-lock.json') as { packages: Record<string, LockedPackage> };
const locked = Object.entries(packages).filter(([path, { link }]) => path.startsWith('node_modules/') && link !== true);

describe('the dependencies', () => {
  it('are those of the dependency policy', () => {
    const rows = readDocument('docs/DEPENDENCY-POLICY.md')
      .split('\n')
      .filter((line) => line.startsWith('| '));
    // `@scope/a`, `b` in one row share the scope.
    const named = rows.flatMap((row) => {
      const [, , cell = ''] = row.split('|');
      const names = [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
      const scope = /^@[^/]+\//.exec(names[0] ?? '')?.[0] ?? '';
      return names.map((name) => (name.startsWith('@') || dependencies[name] !== undefined ? name : `${scope}${name}`));
    });
    const runtime = named.filter((name) => !/^node-|^tools\//.test(name)); // Node itself comes through the workspace
    expect([...new Set(runtime)].sort()).toEqual(Object.keys(dependencies).sort());
  });

  it('are locked by version and integrity, and name no download address', () => {
    expect(locked.length).toBeGreaterThan(100);
    const loose = locked.filter(([, { version, integrity }]) => version === undefined || integrity === undefined);
    expect(loose.map(([path]) => path)).toEqual([]);
    expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('run no script when they are installed', () => {
    expect(locked.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path)).toEqual([]);
  });
});
