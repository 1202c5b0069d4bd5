import type { Command } from 'commander';
import { program } from '../../src/cli/main.ts';

const WIDTH = 80;

/** The help of the command line and of every command, as the program itself prints it where it is piped. */
export function printCli(): string {
  return printCommand(program, 'chaperone').join('\n\n');
}

function printCommand(command: Command, path: string): readonly string[] {
  const help = command.configureHelp({ helpWidth: WIDTH }).helpInformation();
  const below = command.commands.flatMap((one) => printCommand(one, `${path} ${one.name()}`));
  return [`### \`${path}\`\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\``, ...below];
}
