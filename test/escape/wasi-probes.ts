import type { AttemptKind } from '../../src/ports/sandbox.ts';

/** A hostile module, in text. Without walls it is run by Node, whose `/` is a folder of the host, where it has to print `GOT`. */
export interface WasiProbe {
  readonly name: string;
  readonly text: () => string;
  readonly noticed?: AttemptKind;
}

/** A module around the body of its `_start`, with the calls it may need. Texts of its own lie from 1,024 on. */
export function writeModule(body: string, { data = '', imports = '', pages = 2 } = {}): string {
  return `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  ${imports}
  (memory (export "memory") ${pages})
  (data (i32.const 16) "GOT\\n")
  (data (i32.const 1024) "${data}")
  ;; Prints bytes, to a descriptor.
  (func $say (param $to i32) (param $from i32) (param $count i32) (result i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (local.get $count))
    (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func $got (drop (call $say (i32.const 1) (i32.const 16) (i32.const 4))))
  ;; Opens the path that lies at 1,024; its descriptor is at 12. Not 0 where that failed.
  (func $at (param $count i32) (param $flags i32) (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 1024) (local.get $count) (local.get $flags)
      (i64.const 70) (i64.const 0) (i32.const 0) (i32.const 12)))
  (func (export "_start") (local $n i32) ${body}))`;
}

/** A module that calls each of these tools with the same argument and prints what each came to: `+` answered, `-` failed. */
export function callingModule(tools: readonly string[], argument: string): string {
  const imports = tools
    .map((tool, index) => `(import "tools" "${tool}" (func $t${index} (param i32 i32) (result i32)))`)
    .concat('(import "chaperone" "answer" (func $answer (param i32 i32) (result i32)))')
    .join('\n');
  const length = argument.replaceAll('\\', '').length;
  const calls = tools.map(
    (_, index) => `
    (local.set $n (call $t${index} (i32.const 1024) (i32.const ${length})))
    (i32.store8 (i32.const 2048) (select (i32.const 45) (i32.const 43) (i32.lt_s (local.get $n) (i32.const 0))))
    (local.set $n (call $answer (i32.const 2049) (i32.const 60000)))
    (i32.store8 (i32.add (i32.const 2049) (local.get $n)) (i32.const 10))
    (drop (call $say (i32.const 1) (i32.const 2048) (i32.add (local.get $n) (i32.const 2))))`,
  );
  return writeModule(calls.join(''), { data: argument, imports });
}

const CREATE = 1;
const loop = (times: number, body: string) => `
  (loop $again ${body}
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const ${times}))))`;

export const wasiProbes: readonly WasiProbe[] = [
  {
    name: 'opens a file of the host',
    text: () => {
      const path = 'canary';
      return writeModule(`(if (i32.eqz (call $at (i32.const ${path.length}) (i32.const 0))) (then (call $got)))`, {
        data: path,
      });
    },
  },
  {
    name: 'computes without end',
    text: () => writeModule(`${loop(3_000_000_000, '')} (call $got)`),
    noticed: 'time',
  },
  {
    name: 'takes memory without end',
    text: () =>
      writeModule('(if (i32.ne (memory.grow (i32.const 3000)) (i32.const -1)) (then (call $got)))', { pages: 2 }),
  },
  {
    name: 'fills a disk',
    text: () => {
      const path = 'filled';
      const write = `
        (if (call $say (i32.load (i32.const 12)) (i32.const 65536) (i32.const 1000000)) (then (call $exit (i32.const 1))))`;
      return writeModule(
        `(if (i32.eqz (call $at (i32.const ${path.length}) (i32.const ${CREATE}))) (then ${loop(40, write)} (call $got)))`,
        { data: path, pages: 20 },
      );
    },
  },
  {
    name: 'prints without end',
    text: () =>
      writeModule(
        `(memory.fill (i32.const 65536) (i32.const 120) (i32.const 100000)) ${loop(40, '(drop (call $say (i32.const 2) (i32.const 65536) (i32.const 100000)))')} (call $got)`,
        {
          pages: 4,
        },
      ),
    noticed: 'output',
  },
  {
    name: 'calls a function of its host that it was not given',
    text: () =>
      writeModule('(if (call $secret) (then (call $got)))', {
        imports: '(import "host" "secret" (func $secret (result i32)))',
      }),
  },
  {
    name: 'brings a memory of its host’s',
    text: () => '(module (import "host" "memory" (memory 1)) (func (export "_start")) (export "memory" (memory 0)))',
  },
];
