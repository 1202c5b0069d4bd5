// Runs the module on stdin in Node's own WASI, where `/` is the folder of the host that is named, and with functions of the host.
import { WASI } from 'node:wasi';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const wasi = new WASI({ version: 'preview1', preopens: { '/': process.argv[2] }, returnOnExit: true });
const host = { secret: () => 1, memory: new WebAssembly.Memory({ initial: 1 }) };
const { instance } = await WebAssembly.instantiate(Buffer.concat(chunks), { ...wasi.getImportObject(), host });
wasi.start(instance);
if (host.memory === instance.exports.memory) console.log('GOT');
