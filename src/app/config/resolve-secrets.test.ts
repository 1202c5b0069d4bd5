import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { revealText, Secret } from '../../base/secret.ts';
import { printProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';
import { type ResolvedSecrets, resolveSecrets } from './resolve-secrets.ts';

const VALUE = 'hunter2-is-not-printed';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function resolve(headers: string, environment: Record<string, string> = {}): Promise<ResolvedSecrets> {
  const config = parseConfig(`version: 1\nservers:\n  m: { url: "https://m", headers: { ${headers} } }\n`, 'c.yaml');
  return resolveSecrets({ ...config, folder }, environment);
}

async function writeSecret(name: string, text: string, mode: number): Promise<void> {
  await writeFile(join(folder, name), text);
  await chmod(join(folder, name), mode);
}

describe('resolveSecrets', () => {
  it('reads the environment and files, and leaves plain text alone', async () => {
    await writeSecret('key', `${VALUE}\n`, 0o600);
    const { servers, warnings } = await resolve('A: { secret: env:A }, B: { secret: file:key }, C: plain', {
      A: VALUE,
    });
    const headers = servers.get('m')?.headers ?? {};
    expect(
      Object.entries(headers).map(([name, value]) => [name, value instanceof Secret ? revealText(value) : value]),
    ).toEqual([
      ['A', VALUE],
      ['B', VALUE],
      ['C', 'plain'],
    ]);
    expect(warnings).toEqual([]);
  });

  it('gives values that do not print', async () => {
    const { servers } = await resolve('A: { secret: env:A }', { A: VALUE });
    const secret = servers.get('m')?.headers['A'];
    const printed = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect(servers, { depth: 9, showHidden: true }),
    ];
    printed.push(JSON.stringify(Object.entries(secret ?? {})), inspect(structuredClone({ secret })));
    expect(printed.join('\n')).not.toContain(VALUE);
    expect(printed.slice(0, 3)).toEqual(['[secret env:A]', '[secret env:A]', '{"secret":"[secret env:A]"}']);
  });

  it('names every place that leads nowhere, and no value', async () => {
    await writeSecret('empty', '\n', 0o600);
    await writeSecret('binary', 'x\0\u0007\n', 0o600);
    const names =
      'A: { secret: env:NONE }, B: { secret: env:EMPTY }, C: { secret: file:none }, D: { secret: file:empty }';
    const bad =
      'E: { secret: env:SPLIT }, F: { secret: file:binary }, G: { secret: file:. }, H: { secret: env:toString }';
    await expect(resolve(`${names}, ${bad}`, { EMPTY: '', SPLIT: `${VALUE}\r\nX-Admin: yes` })).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: [
        'c.yaml:3:37: the environment variable `NONE` is not set',
        'c.yaml:3:62: the environment variable `EMPTY` is empty',
        'c.yaml:3:88: the file `none` does not exist',
        'c.yaml:3:114: the file `empty` is empty',
        'c.yaml:3:141: the value of `E` has a line break or control character, which it may not have here',
        'c.yaml:3:167: the value of `F` has a line break or control character, which it may not have here',
        'c.yaml:3:195: the file `.` is a folder',
        'c.yaml:3:218: the environment variable `toString` is not set',
      ].join('\n'),
    });
  });

  it.each([0o640, 0o604, 0o620])('warns of a file with mode %o', async (mode) => {
    await writeSecret('key', VALUE, mode);
    const { warnings } = await resolve('A: { secret: file:key }');
    expect(warnings.map(printProblem)).toEqual([
      'c.yaml:3:37: warning: the file `key` can be read or changed by others; run `chmod 600` on it',
    ]);
  });
});
