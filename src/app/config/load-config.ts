import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Digest, digestBytes, digestJson } from '../../base/digest.ts';
import { toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Manifest, manifestSchema, type PlaceOf } from '../../model/manifest.ts';
import { digestBundle } from '../../policy/digest-bundle.ts';
import { ConfigFault, type ConfigProblem } from './config-problem.ts';
import { freezeManifest } from './freeze-manifest.ts';
import { type ParseOptions, parseConfig } from './parse-config.ts';
import { pendingPath } from './pending.ts';
import { decodeText, readFileOnce } from './read-file-once.ts';

/** A Cedar file that the manifest names. `file` is as messages print it. */
export interface PolicyFile {
  readonly file: string;
  readonly text: string;
}

/** A prompt template that the manifest names. `file` is as messages print it. */
export interface TemplateFile {
  readonly id: string;
  readonly version: string;
  readonly file: string;
  readonly text: string;
}

/** One version of a configuration: everything that was read, once, from the files it consists of. */
export interface LoadedConfig {
  /** The file's name, as messages print it, and its text. */
  readonly file: string;
  readonly text: string;
  /** The rules: equal exactly when all that is written in them is equal, comments and layout apart. */
  readonly bundle: Digest;
  readonly manifest: Manifest;
  readonly place: PlaceOf;
  readonly policies: readonly PolicyFile[];
  readonly templates: readonly TemplateFile[];
  /** The files and the digests of their bytes: the configuration first, then policies and templates as they are listed. */
  readonly files: readonly { readonly file: string; readonly digest: Digest }[];
  /** The version: equal exactly when all bytes read are equal, comments included, since decisions name lines. */
  readonly digest: Digest;
  /** Absolute; what relative paths of the manifest are relative to. */
  readonly folder: string;
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Reads `chaperone.yaml` and the policy files it names, each file once. Throws a `ConfigFault` with every problem
 * found. Messages and places write the file as it is given here.
 */
export async function loadConfig(file: string, options: ParseOptions = {}): Promise<LoadedConfig> {
  const folder = dirname(resolve(file));
  if (existsSync(pendingPath(resolve(file)))) {
    const message = 'is being replaced with its policies, or that was broken off: run `chaperone policy finish`';
    throw new ConfigFault([problemAt({ file, line: 1, column: 1 }, `\`${file}\` ${message}`)]);
  }
  const config = await readText(file, limits.configBytes).catch((reason: unknown) => {
    throw new ConfigFault([
      problemAt(
        { file, line: 1, column: 1 },
        `\`${file}\` ${toFault(reason, 'E_CONFIG', 'could not be read').message}`,
      ),
    ]);
  });
  return loadText(config.text, file, folder, options);
}

/** As `loadConfig`, of a text that was read already. Policies are read from `folder`. */
export async function loadText(
  text: string,
  file: string,
  folder: string,
  options: ParseOptions = {},
): Promise<LoadedConfig> {
  const parsed = parseConfig(text, file, options);
  const problems: ConfigProblem[] = [];
  const policies: PolicyFile[] = [];
  const files = [{ file, digest: digestBytes(text) }];
  async function read(name: string, path: readonly (string | number)[]): Promise<PolicyFile | undefined> {
    try {
      const { text: found, digest } = await readText(resolve(folder, name), limits.fileBytes);
      const named = printBeside(file, name);
      files.push({ file: named, digest });
      return { file: named, text: found };
    } catch (reason) {
      const why = toFault(reason, 'E_CONFIG', 'could not be read').message;
      problems.push(problemAt(parsed.place(path), `\`${name}\` ${why}`));
      return undefined;
    }
  }
  for (const [index, name] of parsed.manifest.policies.entries()) {
    const policy = await read(name, ['policies', index]);
    if (policy !== undefined) policies.push(policy);
  }
  const templates: TemplateFile[] = [];
  for (const [id, versions] of Object.entries(parsed.manifest.templates)) {
    for (const [version, name] of Object.entries(versions)) {
      const found = await read(name, ['templates', id, version]);
      if (found !== undefined) templates.push({ id, version, ...found });
    }
  }
  if (problems.length > 0) throw new ConfigFault([...problems, ...parsed.warnings]);
  const { written, ...understood } = parsed;
  const bundle = digestBundle(written, { policyFiles: policies, templates });
  return { file, text, bundle, ...understood, policies, templates, files, digest: digestVersion(files), folder };
}

/** What runs where there is no file: mode `provisional`, nothing configured, everything inferred strictly. */
export function defaultConfig(folder: string): LoadedConfig {
  const place: PlaceOf = () => ({ file: '(default)', line: 1, column: 1 });
  const manifest = freezeManifest(manifestSchema.parse({ version: 1 }));
  return {
    file: '(default)',
    text: 'version: 1\n',
    bundle: digestBundle({ version: 1 }, { policyFiles: [] }),
    manifest,
    place,
    policies: [],
    templates: [],
    files: [],
    digest: digestVersion([]),
    folder: resolve(folder),
    warnings: [],
  };
}

async function readText(path: string, maxBytes: number): Promise<{ text: string; digest: Digest }> {
  const { bytes } = await readFileOnce(path, maxBytes);
  return { text: decodeText(bytes), digest: digestBytes(bytes) };
}

/** Names are left out: the order is the manifest's, and the manifest is among the files. */
function digestVersion(files: readonly { readonly digest: Digest }[]): Digest {
  return digestJson({ format: 'chaperone.config/1', files: files.map(({ digest }) => digest) });
}

function printBeside(file: string, name: string): string {
  const slash = file.lastIndexOf('/');
  return slash < 0 || name.startsWith('/') ? name : `${file.slice(0, slash + 1)}${name}`;
}

function problemAt(place: ConfigProblem['place'], message: string): ConfigProblem {
  return { place, severity: 'error', message };
}
