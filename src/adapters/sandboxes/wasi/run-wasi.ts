import {
  wasi as codes,
  Directory,
  Fd,
  File,
  type Inode,
  OpenFile,
  PreopenDirectory,
  WASI,
} from '@bjorn3/browser_wasi_shim';
import { capMemory } from './cap-memory.ts';
import { holdSpace } from './hold-space.ts';
import { type AskHost, offerTools } from './offer-tools.ts';

/** As far as they are used here: the types of browsers are not loaded, and those of Node do not have them. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Module: { imports(module: object): readonly { readonly module: string; readonly name: string }[] };
  instantiate(module: object, imports: object): Promise<WasiInstance>;
};
type WasiInstance = Parameters<WASI['start']>[0];

export interface WasiRun {
  readonly module: Uint8Array;
  readonly args: readonly string[];
  readonly stdin: Uint8Array;
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** What its files may take, those it was given included. */
  readonly spaceBytes: number;
  /** The tools it may import, by full name. */
  readonly functions: readonly string[];
}

export interface WasiEnding {
  readonly end: 'exit' | 'output';
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** How many tools it wanted that it was not given: with any, it is not run. */
  readonly strangeCalls: number;
}

const PAGE_BYTES = 65_536;
const MOST_FILES = 10_000;
const MOST_DEPTH = 32;
class OutputFull extends Error {}

/** What a program printed, up to a number of bytes for all of its streams together. */
class Printed extends Fd {
  readonly #room: { left: number };
  readonly chunks: Uint8Array[] = [];

  constructor(room: { left: number }) {
    super();
    this.#room = room;
  }

  override fd_write(data: Uint8Array): { ret: number; nwritten: number } {
    this.#room.left -= data.length;
    if (this.#room.left < 0) throw new OutputFull();
    this.chunks.push(data.slice());
    return { ret: codes.ERRNO_SUCCESS, nwritten: data.length };
  }
}

/**
 * Runs a WASI program on files in memory: its root is a folder that exists for it alone. It has no clock but the time of
 * day, no sockets, no environment, and of its host the tools that it was given. Throws a `NotAModule` for what is none.
 * Ending it in time is its thread's.
 */
export async function runWasi(run: WasiRun, ask: AskHost): Promise<WasiEnding> {
  const module = await WebAssembly.compile(capMemory(run.module, Math.floor(run.memoryBytes / PAGE_BYTES)));
  const given = run.files.reduce((sum, { bytes }) => sum + bytes.length, run.stdin.length);
  const room = { left: run.outputBytes };
  const stdout = new Printed(room);
  const stderr = new Printed(room);
  const root = new PreopenDirectory('/', layOut(run.files));
  const wasi = new WASI(['program', ...run.args], [], [new OpenFile(new File(run.stdin)), stdout, stderr, root]);
  const ending = (end: WasiEnding['end'], exitCode: number, strangeCalls = 0): WasiEnding => ({
    end,
    exitCode,
    strangeCalls,
    stdout: concat(stdout.chunks),
    stderr: concat(stderr.chunks),
    files: collect(root.dir.contents, '', { entries: MOST_FILES, bytes: run.spaceBytes }),
  });
  const strange = WebAssembly.Module.imports(module).filter(
    (wanted) => wanted.module === 'tools' && !run.functions.includes(wanted.name),
  );
  try {
    if (strange.length > 0) {
      stderr.chunks.push(new TextEncoder().encode('it wants a tool that it was not given\n'));
      return ending('exit', 1, strange.length);
    }
    const instance = await WebAssembly.instantiate(module, {
      wasi_snapshot_preview1: holdSpace(wasi, run.spaceBytes - given),
      ...offerTools(run.functions, () => wasi.inst.exports.memory.buffer, ask),
    });
    return ending('exit', wasi.start(instance));
  } catch (error) {
    if (error instanceof OutputFull) return ending('output', 1);
    stderr.chunks.push(new TextEncoder().encode(`${error instanceof Error ? error.message : 'it broke'}\n`));
    return ending('exit', 1);
  }
}

function layOut(files: WasiRun['files']): Map<string, Inode> {
  const root = new Map<string, Inode>();
  for (const { path, bytes } of files) {
    const steps = path.split('/');
    const name = steps.pop() ?? path;
    let folder = root;
    for (const step of steps) {
      const known = folder.get(step);
      const next = known instanceof Directory ? known : new Directory(new Map());
      folder.set(step, next);
      folder = next.contents;
    }
    folder.set(name, new File(bytes));
  }
  return root;
}

/** What is left: no deeper, and no more, than a folder that a program left elsewhere. */
function collect(
  folder: ReadonlyMap<string, Inode>,
  above: string,
  left: { entries: number; bytes: number },
): { path: string; bytes: Uint8Array }[] {
  const found: { path: string; bytes: Uint8Array }[] = [];
  for (const [name, inode] of folder) {
    if (left.entries-- <= 0) break;
    const path = `${above}${name}`;
    if (inode instanceof Directory && path.split('/').length <= MOST_DEPTH)
      found.push(...collect(inode.contents, `${path}/`, left));
    if (!(inode instanceof File) || inode.data.length > left.bytes) continue;
    left.bytes -= inode.data.length;
    found.push({ path, bytes: inode.data });
  }
  return found;
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
