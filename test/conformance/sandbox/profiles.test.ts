import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What is shipped for hosts with AppArmor or SELinux is read by their own compilers. No kernel is asked to hold it. */
const profileAt = (name: string) => fileURLToPath(new URL(`../../../docs/profiles/${name}`, import.meta.url));
const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaperone-profiles-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function compile(name: string, text: string): number | null {
  const file = join(folder, name);
  writeFileSync(file, text);
  const [command, args] = name.endsWith('.te')
    ? ['checkmodule', ['-M', '-m', '-o', join(folder, 'chaperone.mod'), file]]
    : ['apparmor_parser', ['--skip-kernel-load', '--skip-cache', '--skip-read-cache', file]];
  const { error, status } = spawnSync(command as string, args as string[], { env });
  if (error !== undefined) throw error;
  return status;
}

describe('profiles for hosts with access control of their own', () => {
  it.each([
    ['chaperone.apparmor', /deny ptrace,/, 'deny everything'],
    ['chaperone.te', /type chaperone_program_t, domain;/, 'type chaperone_program_t domain'],
  ])('%s is what its compiler takes, and a broken one is not', (name, rule, broken) => {
    const text = readFileSync(profileAt(name), 'utf8');
    expect(text).toMatch(rule);
    expect(compile(name, text)).toBe(0);
    expect(compile(name, text.replace(rule, broken))).not.toBe(0);
  });
});
