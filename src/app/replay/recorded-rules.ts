import { z } from 'zod';
import type { Digest } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { digestBundle } from '../../policy/digest-bundle.ts';
import type { Store } from '../../ports/store.ts';
import { diffLines } from '../clients/line-diff.ts';
import { parseConfig } from '../config/parse-config.ts';
import { readYaml } from '../config/read-yaml.ts';
import { parseOptions } from '../host-server.ts';
import { requireBundle, type StoredBundle } from '../reopen-bundle.ts';
import { decisionSchema, readRecorded } from './recorded-shapes.ts';

/** The files that rules consist of, as they are called in messages. */
export interface RuleFiles {
  readonly file: string;
  readonly text: string;
  readonly policies: readonly { readonly file: string; readonly text: string }[];
  /** Prompt templates. */
  readonly templates: readonly {
    readonly id: string;
    readonly version: string;
    readonly file: string;
    readonly text: string;
  }[];
}

export interface RecordedRules extends RuleFiles {
  readonly bundle: Digest;
}

/** The rules in force. Throws a `Fault` E_NOT_FOUND where none have been yet. */
export async function readRulesInForce(record: Pick<Store, 'readActiveBundle'>): Promise<RecordedRules> {
  const active = await record.readActiveBundle();
  if (active === undefined) throw new Fault('E_NOT_FOUND', 'no rules have been in force yet: start the gateway once');
  return { bundle: active.bundle, ...readFiles(active) };
}

/**
 * The rules to go back to: those in force, where the files do not say what is in force, because they are broken or no
 * gateway took them up; else those that were in force before. Throws a `Fault` E_NOT_FOUND where there were none.
 *
 * @param present what the files say now; undefined where they cannot be read as rules
 */
export async function readRulesToRestore(record: Recorded, present: RuleFiles | undefined): Promise<RecordedRules> {
  const inForce = await readRulesInForce(record);
  if (present === undefined || nameRules(present) !== nameRules(inForce)) return inForce;
  return readRulesBefore(record, inForce);
}

type Recorded = Pick<Store, 'readEvents' | 'readActiveBundle' | 'readBundle'>;

async function readRulesBefore(record: Recorded, inForce: RecordedRules): Promise<RecordedRules> {
  const tenant = tenantOf(inForce);
  const kinds = ['bundle.activated'] as const;
  for (let beforeSeq = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await record.readEvents({ tenant, kinds, newestFirst: true, beforeSeq, limit: 100 });
    for (const { id, seq, body } of page) {
      const { bundle } = readRecorded(activatedSchema, body, `event ${seq} (${id})`);
      const stored = bundle === inForce.bundle ? undefined : await record.readBundle(bundle);
      if (stored === undefined) continue;
      const files = readFiles(stored);
      // A version that names bundles otherwise puts the same rules into force under another name.
      if (nameRules(files) !== nameRules(inForce)) return { bundle, ...files };
    }
    const last = page.at(-1);
    if (last === undefined) throw new Fault('E_NOT_FOUND', 'no other rules have been in force before these');
    beforeSeq = last.seq;
  }
}

/** What differs, as a unified diff; empty where nothing does. */
export function diffRules(before: RuleFiles, after: RuleFiles): string {
  const textsOf = ({ policies, templates }: RuleFiles) =>
    new Map([...policies, ...templates].map(({ file, text }) => [file, text]));
  const old = textsOf(before);
  const now = textsOf(after);
  const files = [...new Set([...old.keys(), ...now.keys()])];
  return [
    diffLines(after.file, before.text, after.text),
    ...files.map((file) => diffLines(file, old.get(file), now.get(file) ?? '')),
  ].join('');
}

/** Whose rules these are. */
export function tenantOf({ text, file }: RuleFiles): string {
  return parseConfig(text, file, parseOptions).manifest.tenant;
}

/** Equal where two sets of files say the same. */
function nameRules({ file, text, policies: policyFiles, templates }: RuleFiles): Digest {
  return digestBundle(readYaml(text, file).value, { policyFiles, templates });
}

const activatedSchema = decisionSchema.pick({ bundle: true });

const filesSchema = z.object({
  file: z.string(),
  text: z.string(),
  policies: z.array(z.object({ file: z.string(), text: z.string() })),
  // Absent in what was recorded before templates were part of a bundle.
  templates: z.array(z.object({ id: z.string(), version: z.string(), file: z.string(), text: z.string() })).default([]),
});

function readFiles({ bundle, content }: StoredBundle): RuleFiles {
  requireBundle({ bundle, content });
  const parsed = filesSchema.safeParse(content);
  if (!parsed.success) throw new Fault('E_STORE_CORRUPT', 'the recorded bundle cannot be read');
  return parsed.data;
}
