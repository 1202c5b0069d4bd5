/** Runs the checks that run nothing of the product, two at a time, prints what each said when it ends, and fails if one does. */
import { spawn } from 'node:child_process';

const CHECKS = ['lint', 'types', 'floors', 'unused'];
const AT_ONCE = 2;

const waiting = [...CHECKS];
const failed: string[] = [];
await Promise.all(Array.from({ length: AT_ONCE }, work));
if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const { code, said } = await run(name);
    process.stdout.write(`${name}: ${code === 0 ? 'ok' : 'failed'}\n${code === 0 ? '' : said}`);
    if (code !== 0) failed.push(name);
  }
}

function run(name: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number | null; said: string }>();
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  child.on('error', reject).on('close', (code) => resolve({ code, said }));
  return promise;
}
