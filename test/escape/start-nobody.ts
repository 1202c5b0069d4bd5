import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Profile } from '../../src/model/profile.ts';
import type { Program, SandboxOutcome } from '../../src/ports/sandbox.ts';

const NOBODY = 65_534;
const root = new URL('../..', import.meta.url).pathname;

export type NobodyOutcome = Omit<SandboxOutcome, 'changes'> & { readonly changed: number };

/** A process of a user without rights that runs sandboxes: the ordinary case of a gateway on somebody's own machine. */
export class Nobody {
  readonly #folder: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(folder: string, child: ChildProcessByStdio<Writable, Readable, null>, lines: Interface) {
    this.#folder = folder;
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Works from a copy: the folder the tests are in may be closed to others. */
  static async start(): Promise<Nobody> {
    const folder = await mkdtemp(join(tmpdir(), 'nobody-'));
    await cp(join(root, 'src'), join(folder, 'src'), { recursive: true });
    await mkdir(join(folder, 'test/escape'), { recursive: true });
    await mkdir(join(folder, 'tmp'), { mode: 0o777 });
    await cp(join(root, 'test/escape/nobody-runner.ts'), join(folder, 'test/escape/nobody-runner.ts'));
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    await cp(join(root, 'node_modules/zod'), join(folder, 'node_modules/zod'), { recursive: true });
    await cp(await realpath(process.execPath), join(folder, 'node'));
    spawnSyncOrThrow('chmod', ['-R', 'a+rX', folder]);
    spawnSyncOrThrow('chmod', ['1777', join(folder, 'tmp')]);
    const child = spawn(join(folder, 'node'), ['test/escape/nobody-runner.ts'], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', TMPDIR: join(folder, 'tmp') },
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    const nobody = new Nobody(folder, child, createInterface({ input: child.stdout }));
    await nobody.#read();
    return nobody;
  }

  async run(profile: Profile, program: Program): Promise<NobodyOutcome> {
    this.#child.stdin.write(`${JSON.stringify({ profile, program })}\n`);
    const answer = await this.#read();
    if ('code' in answer) throw new Error(`${answer['code']} ${answer['message']}`);
    return answer as unknown as NobodyOutcome; // what `nobody-runner.ts` prints
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #read(): Promise<Record<string, unknown>> {
    const { value } = await this.#lines.next();
    return JSON.parse(value as string);
  }
}

function spawnSyncOrThrow(command: string, args: string[]): void {
  const { status } = spawnSync(command, args);
  if (status !== 0) throw new Error(`${command} failed`);
}
