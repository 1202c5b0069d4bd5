import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';

/** What is said of a configuration with this after its version; nothing of one that is right. */
function complaintsOf(text: string): string {
  try {
    parseConfig(`version: 1\n${text}\n`, 'c.yaml');
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('a profile that contradicts itself', () => {
  it.each([
    ['hosts without a network', '{ network: none, hosts: [a.test] }', '`network` is `none`'],
    ['more room than memory', '{ memory: 64MB, space: 65MB }', '`space` is more than `memory`'],
    ['more room than the memory of the ready profile', '{ space: 257MB }', '`space` is more'],
    ['no time', '{ time: 0s }', 'no program ends within no time'],
    ['more output than a result has', '{ output: 1GB }', '`output` is more than'],
    ['less memory than its tier starts with', '{ tier: microvm, memory: 64MB }', 'does not start with less'],
    ['a snippet with a network', '{ tier: wasm, network: door }', 'has no network'],
    ['a snippet with a folder', '{ tier: wasm, input: ./in }', 'no folders to read'],
    ['a snippet with more than there is', '{ tier: wasm, memory: 4GB }', 'no more than 2GB'],
    ['a way out of a container', '{ tier: container, network: door }', 'nothing leads out'],
    ['a way out of gVisor', '{ tier: gvisor, network: door }', 'nothing leads out'],
    ['a machine without a memory of its own', '{ tier: microvm, limits: per-process }', 'means nothing'],
  ])('is refused where it stands: %s', (_, profile, words) => {
    const said = complaintsOf(`profiles: { code: ${profile} }`);
    expect(said).toContain(words);
    expect(said).toContain('c.yaml:2:');
  });

  it('is refused where somebody uses it for what it is not', () => {
    expect(complaintsOf('builtin: { code: { python: snippet } }')).toContain('tier `wasm` runs JavaScript');
    expect(complaintsOf('builtin: { code: { wasm: code } }')).toContain('WASI modules run in tier `wasm` alone');
    expect(complaintsOf('builtin: { code: { python: cod } }')).toContain('there is no profile `cod`');
    expect(complaintsOf('profiles: { p: { tier: wasm } }\nservers: { s: { command: node, profile: p } }')).toContain(
      'servers run in tier `process`',
    );
  });

  it('is not what somebody meant who only says less, or more', () => {
    expect(
      complaintsOf('profiles: { code: { memory: 512MB, space: 128MB, time: 1m, network: door, hosts: [a.test] } }'),
    ).toBe('');
  });
});
