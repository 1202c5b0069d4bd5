/**
 * Waits for a line, runs one program in the tier that is named as an argument, and prints what came of it and whether
 * anything is left, as JSON; then once more. In between somebody takes its process numbers away, and gives them back.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MicrovmSandbox } from '../../../src/adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { ContainerSandbox } from '../../../src/adapters/sandboxes/oci/open-container-sandbox.ts';
import { GvisorSandbox } from '../../../src/adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { WasmSandbox } from '../../../src/adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { toFault } from '../../../src/base/fault.ts';
import { type Profile, readyProfiles } from '../../../src/model/profile.ts';
import { countLeftovers, findLeft } from '../../escape/leftovers.ts';

const { code, snippet } = readyProfiles;
if (code === undefined || snippet === undefined) throw new Error('both are ready profiles');
const PATH = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const common = { clock: systemClock, path: PATH, isRoot: true };
const tier = process.argv[2] as Profile['tier'];
const open = {
  wasm: () => new WasmSandbox({ clock: systemClock, ready: 0 }),
  process: () => new ProcessSandbox(common),
  gvisor: () => new GvisorSandbox(common),
  container: () => new ContainerSandbox({ clock: systemClock, path: PATH, image: process.env['CHAPERONE_IMAGE'] }),
  microvm: () =>
    new MicrovmSandbox({
      ...{ ...common, cacheFolder: join(tmpdir(), 'chaperone', 'machines') },
      kernelRoot: process.env['CHAPERONE_KERNEL'] ?? '/',
    }),
};
const sandbox = open[tier]();
const profile = { ...(tier === 'wasm' ? snippet : code), tier, timeMs: 60_000 };
const program =
  tier === 'wasm'
    ? ({ kind: 'code', language: 'js', source: 'console.log("ran")' } as const)
    : ({ kind: 'code', language: 'shell', source: 'echo ran' } as const);
const run = () =>
  sandbox.run({ profile, program, files: [] }).then(
    ({ stdout }) => ({ stdout }),
    (error: unknown) => ({ code: toFault(error, 'E_INTERNAL', 'not a fault').code }),
  );
/** An engine tidies up behind a container, and says when it is done by being done. */
async function isClean(): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    globalThis.gc?.(); // a thread that could not be started has its descriptors until then
    if (Object.keys(findLeft(before)).length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.stderr.write(`left: ${JSON.stringify(findLeft(before))} more than ${JSON.stringify(before)}\n`);
  return false;
}

const lines = createInterface({ input: process.stdin });
await run(); // what is opened once for all runs is opened
await new Promise((resolve) => setTimeout(resolve, 1_000)); // and what ends with one has ended
const before = countLeftovers();
process.stdout.write('ready\n');
for await (const _ of lines) {
  const outcome = await run();
  process.stdout.write(`${JSON.stringify({ ...outcome, isClean: await isClean() })}\n`);
}
await sandbox.close();
