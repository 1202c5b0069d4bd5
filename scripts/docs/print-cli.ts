import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** A command in the help of the one above it. */
const LISTED = /^ {2}([a-z]+)(?: |$)/;

/** The help of the command line and of every command, as the program itself prints it. */
export async function printCli(): Promise<string> {
  return (await printCommand([])).join('\n\n');
}

async function printCommand(path: readonly string[]): Promise<readonly string[]> {
  const help = await readHelp(path);
  const below = await Promise.all(listCommands(help).map((name) => printCommand([...path, name])));
  const title = `### \`${['chaperone', ...path].join(' ')}\``;
  return [`${title}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\``, ...below.flat()];
}

async function readHelp(path: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...path, '--help'], {
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
  });
  return stdout;
}

function listCommands(help: string): readonly string[] {
  const [, commands = ''] = help.split('\nCommands:\n');
  return commands.split('\n').flatMap((line) => {
    const name = LISTED.exec(line)?.[1];
    return name === undefined || name === 'help' ? [] : [name];
  });
}
