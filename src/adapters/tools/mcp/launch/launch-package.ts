import { open, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../../../../base/clock.ts';
import type { Digest } from '../../../../base/digest.ts';
import { Fault, toFault } from '../../../../base/fault.ts';
import type { Secret } from '../../../../base/secret.ts';
import { isInside } from './digest-tree.ts';
import {
  type FoundPackage,
  findPackage,
  type PackagePlaces,
  readPackageJson,
  requireIntegrity,
} from './find-package.ts';
import { type Launch, requireFolder } from './launch.ts';
import { type PackageSpec, parsePackageSpec } from './package-spec.ts';
import { type PinRecord, readPinRecord, writePinRecord } from './pin-record.ts';
import { buildEnvironment, type Environment } from './server-environment.ts';

export interface PackageOptions extends PackagePlaces {
  /** `name@1.2.3`. */
  readonly package: string;
  /** `sha512-…` of the package's archive. */
  readonly integrity: string;
  /** Of the installed files. Where not given, what was recorded at the installation counts. */
  readonly digest?: Digest;
  readonly bin?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | Secret>>;
  /** Absolute; what `cwd` is relative to. */
  readonly folder: string;
  readonly cwd?: string;
  /** The gateway's own environment, of which a server is given the least it needs. */
  readonly environment: Environment;
  readonly clock: Clock;
}

/**
 * How to start a server from an installed npm package, after checking that every file it can load is as it was when
 * it was reviewed. Never touches the network. Throws a `Fault` E_SERVER_INTEGRITY when anything differs, and then the
 * server stays disabled until it is reviewed; E_SERVER_LAUNCH when there is nothing to start.
 */
export async function launchPackage(options: PackageOptions): Promise<Launch> {
  const spec = parsePackageSpec(options.package);
  const found = await findPackage(spec, options);
  if (found === undefined) {
    throw new Fault('E_SERVER_LAUNCH', `${options.package} is not installed; run \`chaperone servers install\``);
  }
  if (found.version !== spec.version) {
    throw new Fault(
      'E_SERVER_INTEGRITY',
      `found version ${found.version} of ${spec.name} where ${spec.version} should be`,
    );
  }
  requireIntegrity(spec, options.integrity, found.integrity);
  await requireTree(spec, found, options);

  const cwd = resolve(options.folder, options.cwd ?? '.');
  await requireFolder(cwd);
  const file = await findProgram(spec, found.folder, options.bin);
  const env = buildEnvironment(options.env, options.environment, true);
  return (await isNodeProgram(file))
    ? { command: process.execPath, args: [file, ...options.args], env, cwd }
    : { command: file, args: [...options.args], env, cwd };
}

/**
 * Accepts the files of a package, after a person has looked at them: writes its record anew, if they still are what was
 * looked at. Returns the digest to pin. Throws as `launchPackage` does if version, integrity or files differ.
 */
export async function acceptPackage(
  options: Pick<PackageOptions, 'package' | 'integrity' | 'clock'> & PackagePlaces,
  seen: Digest,
): Promise<Digest> {
  const spec = parsePackageSpec(options.package);
  const found = await findPackage(spec, options);
  if (found === undefined) throw new Fault('E_NOT_FOUND', `${options.package} is not installed`);
  requireIntegrity(spec, options.integrity, found.integrity);
  const tree = await found.digest();
  if (tree !== seen) throw changed(spec, seen, tree);
  await record(options, found, tree);
  return tree;
}

/** What is recorded of the reviewed files of a package, if it is installed and anything is. */
export async function readReviewed(packageSpec: string, places: PackagePlaces): Promise<PinRecord | undefined> {
  const found = await findPackage(parsePackageSpec(packageSpec), places);
  return found && readPinRecord(found.recordFile);
}

/** A digest in the manifest is a reviewer's word and settles it. Otherwise the record made at installation does. */
async function requireTree(spec: PackageSpec, found: FoundPackage, options: PackageOptions): Promise<void> {
  const [kept, tree] = await Promise.all([readPinRecord(found.recordFile), found.digest()]);
  if (options.digest !== undefined) {
    if (tree !== options.digest) throw changed(spec, options.digest, tree);
    return;
  }
  if (kept === undefined) {
    // Among a project's dependencies nobody installed it through the gateway: the lock file vouches for what npm
    // unpacked, and from this first use on the files themselves are held to it.
    if (!found.owned) return record(options, found, tree);
    throw new Fault(
      'E_SERVER_INTEGRITY',
      `nothing records that ${options.package} was installed here; install it again`,
    );
  }
  if (kept.package !== options.package || kept.integrity !== options.integrity) {
    throw new Fault('E_SERVER_INTEGRITY', `${options.package} was recorded with integrity ${kept.integrity}`);
  }
  if (kept.disabled !== undefined) {
    throw new Fault(
      'E_SERVER_INTEGRITY',
      `${options.package} is disabled: its files changed once and nobody has reviewed it since`,
    );
  }
  if (tree !== kept.tree) {
    await writePinRecord(
      found.recordFile,
      { ...kept, disabled: { found: tree, atMs: options.clock.nowMs() } },
      options.clock,
    );
    throw changed(spec, kept.tree, tree);
  }
}

function record(
  options: Pick<PackageOptions, 'package' | 'integrity' | 'clock'>,
  found: FoundPackage,
  tree: Digest,
): Promise<void> {
  const { package: name, integrity, clock } = options;
  return writePinRecord(
    found.recordFile,
    { format: 'chaperone.pin/1', package: name, integrity, tree, atMs: clock.nowMs() },
    clock,
  );
}

function changed(spec: PackageSpec, expected: Digest, found: Digest): Fault {
  return new Fault(
    'E_SERVER_INTEGRITY',
    `the installed files of ${spec.name}@${spec.version} are not those that were reviewed: expected ${expected}, found ${found}`,
  );
}

/** The file of the package's program: the one named, the only one, or the one named like the package. */
async function findProgram(spec: PackageSpec, folder: string, bin: string | undefined): Promise<string> {
  const declared = (await readPackageJson(folder)).bin ?? {};
  const short = spec.name.replace(/^@[^/]+\//, '');
  const programs = typeof declared === 'string' ? { [short]: declared } : declared;
  const names = Object.keys(programs);
  const name = bin ?? (names.length === 1 ? names[0] : short);
  const file = name !== undefined && Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (file === undefined) {
    const has = names.length === 0 ? 'it has none' : `it has ${names.map((each) => `\`${each}\``).join(', ')}`;
    throw new Fault(
      'E_SERVER_LAUNCH',
      bin === undefined
        ? `\`bin\` has to say which program of ${spec.name} to start; ${has}`
        : `${spec.name} has no program \`${bin}\`; ${has}`,
    );
  }
  const real = await realpath(join(folder, file)).catch(() => undefined);
  if (real === undefined || !isInside(folder, real)) {
    throw new Fault(
      'E_SERVER_LAUNCH',
      `the program \`${name}\` of ${spec.name} is missing or lies outside the package`,
    );
  }
  return real;
}

/** JavaScript is started with the Node the gateway itself runs on, whatever PATH says. */
async function isNodeProgram(file: string): Promise<boolean> {
  if (/\.[cm]?js$/.test(file)) return true;
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return /^#!\S*[/ ]node\b|^#!\S*env (-S )?node\b/.test(buffer.toString('latin1', 0, bytesRead));
  } catch (error) {
    throw toFault(error, 'E_SERVER_LAUNCH', `the program \`${file}\` cannot be read`);
  }
}
