import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Clock, newId } from '../../../../base/clock.ts';
import { digestBytes } from '../../../../base/digest.ts';
import { Fault } from '../../../../base/fault.ts';
import { limits } from '../../../../base/limits.ts';
import type { PackagesConfig } from '../../../../model/packages.ts';
import { type Profile, readyProfiles } from '../../../../model/profile.ts';
import type { EscapeAttempt, Language, SandboxJob, SandboxOutcome } from '../../../../ports/sandbox.ts';
import { hostOf, type Locked, readNpmLock, readRequirements } from './read-lock.ts';

export interface PackageLayersOptions {
  readonly config: PackagesConfig;
  /** Where lock files are read from: the manifest's folder, absolute. */
  readonly resolve: (path: string) => string;
  /** Where layers are kept, absolute. Nobody but the gateway writes there. */
  readonly folder: string;
  readonly clock: Clock;
}

/** What of the call an installation belongs to. */
export interface InstallWay {
  readonly run: (job: SandboxJob) => Promise<SandboxOutcome>;
  readonly openWayOut: (hosts: readonly string[]) => Promise<{
    readonly socket: string;
    readonly trustFile?: string;
    close(): Promise<void>;
  }>;
  readonly onAttempts: (attempts: readonly EscapeAttempt[]) => Promise<void>;
  /** Of the profile that the code runs in. */
  readonly limits: Profile['limits'];
  readonly signal: AbortSignal;
}

type Kind = 'npm' | 'python';

interface Plan extends Locked {
  readonly hosts: readonly string[];
  readonly argv: readonly [string, ...string[]];
  /** The folder of what was installed, below the workspace. */
  readonly made: string;
}

const MB = 1_048_576;
const NPM = [
  'ci',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--no-bin-links',
  '--omit=dev',
];
/** npm may wait for ever after an archive that is not the pinned one: it is ended where it says so. */
const WATCH = `
"$@" 2> /tmp/said & client=$!
while kill -0 $client 2> /dev/null; do
  if grep -qE 'EINTEGRITY|seems to be corrupted' /tmp/said; then kill -9 $client; break; fi
  sleep 0.1
done
wait $client
code=$?
cat /tmp/said >&2
exit $code
`;
const PIP = ['-m', 'pip', '--isolated', '--disable-pip-version-check', '--no-cache-dir', '--no-input', 'install'];
const PIP_FLAGS = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '--no-compile', '--target', '/work/site'];

/**
 * Packages that code may import, as read-only folders, each kept under the digest of the lock file it was made from. They
 * are installed at first use, by the ecosystem's own client in a sandbox, through the egress door under the call that
 * asked, and no script of any package runs.
 */
export class PackageLayers {
  readonly #options: PackageLayersOptions;
  readonly #installing = new Map<string, Promise<string>>();

  constructor(options: PackageLayersOptions) {
    this.#options = options;
  }

  /** The folder of a language's packages. Nothing where none are declared. Rejects with a `Fault` E_PACKAGES. */
  async find(language: Language, way: InstallWay): Promise<string | undefined> {
    const kind = language === 'js' ? 'npm' : language === 'python' ? 'python' : undefined;
    if (kind === undefined || this.#options.config[kind] === undefined) return undefined;
    const plan = await this.#plan(kind);
    const content = Buffer.concat(plan.files.map(({ bytes }) => bytes));
    const digest = digestBytes(Buffer.concat([Buffer.from(`${kind} ${process.version}\n`), content]));
    const folder = join(this.#options.folder, `${kind}-${digest.slice('sha256:'.length)}`);
    if ((await stat(folder).catch(() => undefined)) !== undefined) return folder;
    const known = this.#installing.get(folder);
    if (known !== undefined) return known;
    const installing = this.#install(plan, folder, way).finally(() => this.#installing.delete(folder));
    this.#installing.set(folder, installing);
    return installing;
  }

  async #plan(kind: Kind): Promise<Plan> {
    const { config, resolve } = this.#options;
    const read = async (path: string) => {
      try {
        return await readFile(resolve(path), 'utf8');
      } catch (cause) {
        throw new Fault('E_PACKAGES', `the lock file ${path} cannot be read`, { cause });
      }
    };
    if (kind === 'npm' && config.npm !== undefined) {
      const { lock, registry, hosts } = config.npm;
      const all = [hostOf(registry) ?? '', ...hosts];
      const argv: Plan['argv'] = [
        '/bin/sh',
        '-c',
        WATCH,
        'sh',
        'npm',
        ...NPM,
        '--cache',
        '/tmp/cache',
        '--registry',
        registry,
        '--replace-registry-host=never',
        '--no-progress',
        '--loglevel=http',
      ];
      return {
        ...readNpmLock(await read(lock), basename(lock), new Set(all)),
        ...{ hosts: all, argv, made: 'node_modules' },
      };
    }
    if (config.python === undefined) throw new Error('it was there a moment ago');
    const { lock, index, hosts } = config.python;
    const host = hostOf(index) ?? '';
    const trusted = index.startsWith('http:') ? ['--trusted-host', host] : [];
    const from = ['--index-url', index, ...trusted, '-r', 'requirements.txt'];
    return {
      ...readRequirements(await read(lock), basename(lock)),
      ...{ hosts: [host, ...hosts], argv: ['/usr/bin/python3', ...PIP, ...PIP_FLAGS, ...from], made: 'site' },
    };
  }

  async #install(plan: Plan, folder: string, way: InstallWay): Promise<string> {
    const { clock } = this.#options;
    const { code } = readyProfiles;
    if (code === undefined) throw new Error('`code` is a ready profile');
    const profile: Profile = {
      ...code,
      ...{ name: 'install', network: 'door', hosts: plan.hosts, limits: way.limits, timeMs: limits.installTimeoutMs },
      ...{ memoryBytes: 1_024 * MB, spaceBytes: 512 * MB, processes: 64, openFiles: 1_024 },
    };
    const out = await way.openWayOut(plan.hosts);
    const { end, exitCode, stderr, stdout, changes, attempts } = await way
      .run({
        profile,
        program: { kind: 'command', argv: plan.argv },
        files: plan.files,
        egressSocket: out.socket,
        signal: way.signal,
        ...(out.trustFile === undefined ? {} : { trustFile: out.trustFile }),
      })
      .finally(() => out.close());
    if (attempts.length > 0) await way.onAttempts(attempts);
    if (end !== 'exit' || exitCode !== 0) throw new Fault('E_PACKAGES', explain(stderr + stdout, end, exitCode));
    const draft = join(this.#options.folder, newId(clock, 'installing'));
    try {
      await mkdir(draft, { recursive: true, mode: 0o755 });
      for (const { path, bytes } of changes) {
        if (bytes === undefined || !path.startsWith(`${plan.made}/`)) continue;
        const file = join(draft, path.slice(plan.made.length + 1));
        await mkdir(dirname(file), { recursive: true, mode: 0o755 });
        await writeFile(file, bytes, { mode: 0o644, flag: 'wx' });
      }
      await rename(draft, folder);
      return folder;
    } catch (cause) {
      throw new Fault('E_PACKAGES', `the packages could not be kept in ${this.#options.folder}`, { cause });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
}

/** Why a client failed, in words of ours: what it prints was partly written by whoever answered it. */
function explain(printed: string, end: string, exitCode: number): string {
  if (/EINTEGRITY|seems to be corrupted|DO NOT MATCH THE HASHES/.test(printed))
    return 'an archive is not the one that the lock file pins';
  if (/E_EGRESS|\b403\b/.test(printed)) return 'the egress door did not let the client reach what the lock file names';
  return `the client that installs them ended with ${end === 'exit' ? exitCode : end}`;
}
