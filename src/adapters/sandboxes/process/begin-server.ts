import { Fault } from '../../../base/fault.ts';
import type { WallPipe } from '../../../ports/sandbox.ts';
import { layDecoys } from './decoys.ts';
import { openNetworkCounters } from './network-counters.ts';
import { pipes } from './supervise.ts';
import type { Watch } from './watch.ts';

const STAND_MS = 30_000;
const FIRST_PIPE = pipes.info;

/**
 * Lets a server begin that was started and waits, once what notices is in its place. `mounted`: absolute paths of the
 * host that it sees by the same name; nothing is laid out in them. Rejects with a `Fault` E_SANDBOX.
 */
export async function beginServer(watch: Watch, mounted: readonly string[], given: readonly WallPipe[]): Promise<void> {
  const at = (index: number) => given[index - FIRST_PIPE];
  const pid = await readUntil(at(pipes.info), /"child-pid"\s*:\s*(\d+)/);
  at(pipes.block)?.write('x');
  await readUntil(at(pipes.report), /^(ready)$/m);
  watch.begin(openNetworkCounters(pid), layDecoys(`/proc/${pid}/root`, mounted));
  at(pipes.go)?.write('\n');
}

/** What the first group of a pattern is in what a pipe says. */
function readUntil(pipe: WallPipe | undefined, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const fail = () => {
      clearTimeout(timer);
      reject(new Fault('E_SANDBOX', 'the sandbox of a server did not come up'));
    };
    const timer = setTimeout(fail, STAND_MS);
    if (pipe === undefined) return fail();
    pipe.read((more) => {
      text += more;
      const found = pattern.exec(text)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    }, fail);
  });
}
