import type { AttemptKind } from '../../src/ports/sandbox.ts';
import type { ProbeWorld } from './probe.ts';

/** A hostile snippet. Without walls it is run by Node itself, with the same `tools`, where it has to print `GOT`. */
export interface SnippetProbe {
  readonly name: string;
  readonly source: (world: ProbeWorld) => string;
  readonly noticed?: AttemptKind;
}

export const snippetProbes: readonly SnippetProbe[] = [
  {
    name: 'reads the environment',
    source: ({ canary }) => `if (process.env.CANARY === '${canary}') console.log('GOT');`,
  },
  {
    name: 'reads a file by importing what reads files',
    source: ({ folder }) => `
const fs = await import('node:fs');
console.log('GOT', fs.readFileSync('${folder}/canary', 'utf8'));`,
  },
  {
    name: 'connects to a socket of the host',
    source: ({ socket }) => `
const net = await import('node:net');
await new Promise((resolve, reject) => net.connect('${socket}').once('connect', resolve).once('error', reject).unref());
console.log('GOT');`,
  },
  {
    name: 'starts a program',
    source: () => `
const { execFileSync } = await import('node:child_process');
console.log('GOT', String(execFileSync('/bin/echo', ['x'])));`,
  },
  {
    name: 'makes code by the constructor of a function that it was given',
    source: () => `
const run = tools.mail.send.constructor('return typeof process');
if ((await run()) === 'object') console.log('GOT');`,
  },
  {
    name: 'makes code by the constructor of an error that the host threw',
    source: () => `
const error = await tools.mail.fail({}).catch((error) => error);
const run = error.constructor.constructor('return typeof process');
if (run() === 'object') console.log('GOT');`,
  },
  {
    name: 'changes the prototypes of its host',
    source: () => `
Object.prototype.polluted = 'GOT';
const { polluted } = await tools.mail.look({});
console.log(polluted);`,
  },
  {
    name: 'sends a prototype as an argument',
    source: () => `
const { polluted } = await tools.mail.look(JSON.parse('{"__proto__": {"polluted": "GOT"}, "merge": true}'));
console.log(polluted);`,
  },
  {
    name: 'calls a tool that it was not given',
    source: () => `console.log('GOT', await tools.vault.read({}));`,
  },
  {
    name: 'replaces what it was given by a copy that says something else',
    source: () => `
tools.mail = { send: async () => 'GOT' };
console.log(await tools.mail.send({}));`,
  },
  {
    name: 'learns from a stack where its host lies',
    source: () => `if (/file:|node:|worker|\\/[a-z]+\\//.test(new Error('x').stack)) console.log('GOT');`,
  },
  {
    name: 'waits for what others do by shared memory',
    source: () => `
if (typeof Atomics.wait === 'function') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
console.log('GOT');`,
  },
  {
    name: 'computes without end',
    source: () => `
const until = Date.now() + 2500;
while (Date.now() < until);
console.log('GOT');`,
    noticed: 'time',
  },
  {
    name: 'matches without end',
    source: () => `
const start = Date.now();
for (let round = 0; Date.now() - start < 2500; round++) /^(a+)+$/.test('a'.repeat(22) + 'b');
console.log('GOT');`,
    noticed: 'time',
  },
  {
    name: 'takes memory without end',
    source: () => `
const held = [];
for (let i = 0; i < 100; i++) held.push(new Uint8Array(2_000_000).fill(1));
console.log('GOT', held.length);`,
    noticed: 'memory',
  },
  {
    name: 'prints without end',
    source: () => `
for (let i = 0; i < 3_000; i++) console.log('x'.repeat(999));
console.log('GOT');`,
    noticed: 'output',
  },
  {
    name: 'never comes back',
    source: () => `
const waited = await Promise.race([new Promise(() => {}), tools.mail.slow({})]);
console.log('GOT', waited);`,
    noticed: 'time',
  },
];
