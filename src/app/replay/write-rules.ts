import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Clock, newId } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { parseConfig } from '../config/parse-config.ts';
import { parseOptions } from '../gateway.ts';
import type { RuleFiles } from './recorded-rules.ts';

/**
 * Writes rules where a configuration lies: its policies, then itself, each file whole or not at all. A gateway that watches the
 * files puts them into force when they are at rest, and keeps what it has where they are wrong.
 *
 * @throws Fault E_CONFIG where a file cannot be written.
 */
export async function writeRules(configPath: string, { file, text, policies }: RuleFiles, clock: Clock): Promise<void> {
  const folder = dirname(resolve(configPath));
  // As the configuration names them: what messages call them depends on where the command was run.
  const { manifest } = parseConfig(text, file, parseOptions);
  for (const [i, name] of manifest.policies.entries()) {
    const policy = policies[i];
    if (policy === undefined) throw new Fault('E_STORE_CORRUPT', `the recorded bundle lacks the policy \`${name}\``);
    await replaceFile(resolve(folder, name), policy.text, clock);
  }
  await replaceFile(resolve(configPath), text, clock);
}

async function replaceFile(file: string, text: string, clock: Clock): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}-${newId(clock, 'draft')}`);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    throw toFault(error, 'E_CONFIG', `${file} cannot be written`);
  }
}
