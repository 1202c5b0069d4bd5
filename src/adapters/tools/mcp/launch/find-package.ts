import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { type Digest, digestBytes } from '../../../../base/digest.ts';
import { Fault, toFault } from '../../../../base/fault.ts';
import { digestTree, isInside, type Root } from './digest-tree.ts';
import { folderNameOf, type PackageSpec } from './package-spec.ts';

/** A package as it lies on disk. */
export interface FoundPackage {
  /** The package's own folder, links resolved. */
  readonly folder: string;
  readonly version: string;
  /** As the lock file beside it says; undefined if it says nothing. */
  readonly integrity: string | undefined;
  /** The digest of all code it can load. */
  readonly digest: () => Promise<Digest>;
  /** Where its record is kept. */
  readonly recordFile: string;
  /** Installed by the gateway into a folder of its own, or found among a project's dependencies. */
  readonly owned: boolean;
}

export interface PackagePlaces {
  /** The gateway's own folder for servers: `<data>/servers`. Absolute. */
  readonly serversFolder: string;
  /** Folders of projects whose `node_modules` may hold the package. Absolute. */
  readonly projectFolders?: readonly string[];
}

const PINS = 'pins'; // no package's folder is called that: theirs have a version

/** Where the record of a package in the gateway's own folder is kept. */
export function ownRecordFile(spec: PackageSpec, serversFolder: string): string {
  return join(serversFolder, PINS, `${folderNameOf(spec)}.json`);
}

/**
 * The digest of a folder of the gateway's own, into which a package and its dependencies were installed. Where Node
 * would find a declared dependency further up (an optional one that was not installed), that is covered as well.
 */
export async function digestOwnFolder(folder: string, { name }: PackageSpec): Promise<Digest> {
  const own = await realpath(folder);
  const loaded = await dependenciesOf(await realpath(join(own, 'node_modules', name)), own);
  const above = loaded.filter(({ path }) => !isInside(own, path));
  return digestTree([{ label: '', path: own, skip: NOTES }, ...above]);
}

/** npm's own notes: they say where archives came from, differ between npm versions, and are never loaded as code. */
const NOTES = new Set(['package-lock.json', 'node_modules/.package-lock.json']);

/** Finds a package version in the gateway's folder, else in the projects'. Undefined if it is in neither. */
export async function findPackage(spec: PackageSpec, places: PackagePlaces): Promise<FoundPackage | undefined> {
  const own = join(places.serversFolder, folderNameOf(spec));
  if (await isFolder(own)) {
    return {
      ...(await readInstalled(own, spec)),
      digest: () => digestOwnFolder(own, spec).catch(unreadable),
      recordFile: ownRecordFile(spec, places.serversFolder),
      owned: true,
    };
  }
  for (const project of places.projectFolders ?? []) {
    if (!(await isFolder(join(project, 'node_modules', spec.name)))) continue;
    const installed = await readInstalled(project, spec);
    if (installed.version !== spec.version) continue;
    const base = await realpath(project);
    return {
      ...installed,
      digest: async () => dependenciesOf(installed.folder, base).then(digestTree).catch(unreadable),
      recordFile: join(places.serversFolder, PINS, `${folderNameOf(spec)}.${digestBytes(base).slice(7, 23)}.json`),
      owned: false,
    };
  }
  return undefined;
}

function unreadable(error: unknown): never {
  throw toFault(error, 'E_SERVER_INTEGRITY', 'the installed files cannot all be read');
}

const packageJsonSchema = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  peerDependencies: z.record(z.string(), z.string()).optional(),
});
export type PackageJson = z.infer<typeof packageJsonSchema>;

export async function readPackageJson(folder: string): Promise<PackageJson> {
  try {
    return packageJsonSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  } catch (error) {
    throw toFault(error, 'E_SERVER_INTEGRITY', `\`${join(folder, 'package.json')}\` is missing or damaged`);
  }
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      link: z.boolean().optional(),
      inBundle: z.boolean().optional(),
    }),
  ),
});
export type Lock = z.infer<typeof lockSchema>['packages'];

/** npm's lock file: of what is installed (`node_modules/.package-lock.json`), else of the project. */
export async function readLock(base: string): Promise<Lock | undefined> {
  for (const file of [join(base, 'node_modules', '.package-lock.json'), join(base, 'package-lock.json')]) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    try {
      return lockSchema.parse(JSON.parse(text)).packages;
    } catch (error) {
      throw toFault(error, 'E_SERVER_INTEGRITY', `the lock file \`${file}\` is damaged`);
    }
  }
  return undefined;
}

async function readInstalled(
  base: string,
  spec: PackageSpec,
): Promise<Pick<FoundPackage, 'folder' | 'version' | 'integrity'>> {
  const place = join(base, 'node_modules', spec.name);
  const folder = await realpath(place).catch((error: unknown) => {
    throw toFault(error, 'E_SERVER_INTEGRITY', `\`${place}\` is missing`);
  });
  const [{ version = '' }, lock] = await Promise.all([readPackageJson(folder), readLock(base)]);
  const locked = lock?.[`node_modules/${spec.name}`];
  return { folder, version, integrity: locked?.version === spec.version ? locked.integrity : undefined };
}

/**
 * The folders of a package and of everything it declares to depend on, found the way Node finds them: a folder put
 * where Node would look first is found here too, and changes the digest. What a package loads without declaring it is
 * not covered; a folder of the gateway's own has nothing else in it, which is why that is preferred.
 */
async function dependenciesOf(folder: string, base: string): Promise<Root[]> {
  const found = new Map<string, Root>();
  const waiting = [folder];
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    const path = current;
    if (found.has(path)) continue;
    found.set(path, { label: relative(base, path).replaceAll(sep, '/'), path });
    const { dependencies, optionalDependencies, peerDependencies } = await readPackageJson(path);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const dependency = await resolveFrom(path, name);
      if (dependency !== undefined) waiting.push(dependency);
    }
  }
  const roots = [...found.values()];
  return roots.filter(({ path }) => !roots.some((other) => other.path !== path && isInside(other.path, path)));
}

async function resolveFrom(folder: string, name: string): Promise<string | undefined> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    if (basename(place) !== 'node_modules') {
      const candidate = join(place, 'node_modules', name);
      if (await isFolder(candidate)) return realpath(candidate);
    }
    if (dirname(place) === place) return undefined;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Throws unless the lock file gives the declared integrity. */
export function requireIntegrity(spec: PackageSpec, declared: string, found: string | undefined): void {
  if (found === declared) return;
  throw new Fault(
    'E_SERVER_INTEGRITY',
    found === undefined
      ? `no lock file gives the integrity of ${spec.name}@${spec.version}, so it cannot be the reviewed one`
      : `${spec.name}@${spec.version} has another integrity than declared: expected ${declared}, found ${found}`,
  );
}
