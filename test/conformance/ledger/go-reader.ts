import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = new URL('./go/', import.meta.url).pathname;
const BUILD_MS = 240_000;

/** Runs one of the commands of `go/main.go`. Rejects with what it says where it does not end well. */
export type GoReader = (...args: readonly string[]) => Promise<string>;

/** Builds the Go program; or says why that is not possible on this machine. */
export function buildGoReader(into: string): GoReader | string {
  const program = join(into, 'reader');
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return 'there is no Go here';
  }
  try {
    execFileSync('go', ['build', '-o', program, '.'], { cwd: folder, stdio: 'pipe', timeout: BUILD_MS });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    // Only what is missing is a reason to skip: a program that does not compile is a mistake of ours.
    if (/dial tcp|no such host|403 Forbidden|i\/o timeout|requires go >=/.test(said))
      return 'its Go modules cannot be had';
    throw new Error(said, { cause: error });
  }
  return async (...args) => {
    try {
      return (await promisify(execFile)(program, args, { timeout: 60_000 })).stdout.trim();
    } catch (error) {
      throw new Error(error instanceof Error && 'stderr' in error ? String(error.stderr) : 'it did not run', {
        cause: error,
      });
    }
  };
}
