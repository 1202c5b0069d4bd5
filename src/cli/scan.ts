import { once } from 'node:events';
import { openConfig } from '../app/open-config.ts';
import { openScanner } from '../app/open-scanner.ts';
import { scanLines } from '../app/scan-lines.ts';
import { errorEntry } from '../base/errors.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Scans NDJSON from stdin and answers on stdout, a line for a line. Ends with the code of E_REQUEST_INVALID where a line
 * could not be looked at, else with that of E_CONTENT_FLAGGED where one was flagged.
 */
export async function scan(
  context: CommandContext,
  options: { readonly source: string; readonly outbound: boolean },
): Promise<void> {
  const { terminal, signal } = context;
  if (process.stdin.isTTY) terminal.say('reading {"text": "…"} from the terminal, a line each; Ctrl-D ends');
  const loaded = await openConfig(context.configPath, context.cwd);
  const { manifest } = loaded;
  const scanner = await openScanner(loaded);
  const end = () => process.stdin.destroy();
  signal.addEventListener('abort', end, { once: true });
  // Who reads our answers may leave early, as `head` does: then nothing more is to be done.
  process.stdout.on('error', end);
  try {
    const write = async (line: string) => {
      if (!process.stdout.write(`${line}\n`))
        await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
    };
    const count = await scanLines(process.stdin, write, { scanner, manifest, ...options });
    if (count.lines > 0) terminal.say(`lines: ${count.lines}, flagged: ${count.flagged}, not scanned: ${count.failed}`);
    // What is said of a line is said in its place: stdout has an answer for each line, and nothing else.
    if (count.failed > 0) process.exitCode = errorEntry('E_REQUEST_INVALID').exit;
    else if (count.flagged > 0) process.exitCode = errorEntry('E_CONTENT_FLAGGED').exit;
  } catch (error) {
    if (!isEnded(error)) throw error;
  } finally {
    signal.removeEventListener('abort', end);
    await scanner.close();
  }
}

/** Input that was ended by us, or output that nobody reads any more. */
function isEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ENDED.has(String(error.code));
}
const ENDED: ReadonlySet<string> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE']);
