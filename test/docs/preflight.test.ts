import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './read-fences.ts';

const preflight = join(root, 'scripts/preflight.cjs');

/** Runs the preflight as if on another Node or machine. */
function runAs(version: string, platform: string, arch: string) {
  const pretend = `
    Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    Object.defineProperty(process, 'arch', { value: '${arch}' });
    require(${JSON.stringify(preflight)});`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', pretend], { encoding: 'utf8' });
  return { status, stderr };
}

describe('the preflight', () => {
  it('says nothing where Node is new enough', () => {
    expect(runAs('24.0.0', 'linux', 'x64')).toEqual({ status: 0, stderr: '' });
    expect(runAs('26.1.0', 'sunos', 'x64')).toEqual({ status: 0, stderr: '' });
  });

  it.each([
    ['18.20.4', 'linux', 'x64', /run `npm ci`.*brings Node 24 for linux-x64/],
    ['0.10.48', 'darwin', 'arm64', /run `npm ci`.*brings Node 24 for darwin-arm64/],
    ['22.0.0', 'freebsd', 'x64', /no packaged Node exists for freebsd-x64, so install Node 24/],
  ])('says in one sentence what is missing on Node %s, %s-%s', (version, platform, arch, sentence) => {
    const { status, stderr } = runAs(version, platform, arch);
    expect(status).toBe(1);
    expect(stderr.trimEnd()).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is written in the language that every Node has known', () => {
    const text = readFileSync(preflight, 'utf8');
    const newer: string[] = [];
    const visit = (node: ts.Node): void => {
      const isNew =
        ts.isArrowFunction(node) ||
        ts.isTemplateExpression(node) ||
        ts.isSpreadElement(node) ||
        ts.isShorthandPropertyAssignment(node) ||
        ts.isObjectBindingPattern(node) ||
        (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) !== 0);
      if (isNew) newer.push(node.getText());
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile('preflight.cjs', text, ts.ScriptTarget.ES5, true, ts.ScriptKind.JS));
    expect(newer).toEqual([]);
  });
});
