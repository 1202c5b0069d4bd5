import { basename, dirname, join, resolve } from 'node:path';
import { type Clock, newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { parseConfig } from '../config/parse-config.ts';
import { parseOptions } from '../host-server.ts';
import type { RuleFiles } from './recorded-rules.ts';
import { replaceFiles } from './replace-files.ts';

/**
 * Writes rules where a configuration lies: policies and prompt templates, then itself, all of them or none. A gateway that
 * watches the files puts them into force when they are at rest, and keeps what it has where they are wrong.
 *
 * @throws Fault E_CONFIG where a file cannot be written; then all are what they were.
 */
export async function writeRules(configPath: string, rules: RuleFiles, clock: Clock): Promise<void> {
  const { file, text, policies, templates } = rules;
  const folder = dirname(resolve(configPath));
  // As the configuration names them: what messages call them depends on where the command was run.
  const { manifest } = parseConfig(text, file, parseOptions);
  const lacking = (what: string) => new Fault('E_STORE_CORRUPT', `the recorded bundle lacks ${what}`);
  const written = manifest.policies.map((name, i) => {
    const policy = policies[i];
    if (policy === undefined) throw lacking(`the policy \`${name}\``);
    return { path: resolve(folder, name), text: policy.text };
  });
  for (const [id, versions] of Object.entries(manifest.templates)) {
    for (const [version, name] of Object.entries(versions)) {
      const found = templates.find((template) => template.id === id && template.version === version);
      if (found === undefined) throw lacking(`version \`${version}\` of the template \`${id}\``);
      written.push({ path: resolve(folder, name), text: found.text });
    }
  }
  const draftOf = (path: string) => join(dirname(path), `.${basename(path)}-${newId(clock, 'draft')}`);
  await replaceFiles(resolve(configPath), [...written, { path: resolve(configPath), text }], draftOf);
}
