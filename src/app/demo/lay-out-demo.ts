import { cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentTask } from './hijacked-agent.ts';

const mailServer = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './mail-server.ts' : './mail-server.js', import.meta.url),
);
const filesServer = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'));

/** The folder of the package that holds the demonstration's configuration and data. */
const examples = new URL('../../../examples/', import.meta.url);

/** How a server of the demonstration is started. */
export interface DemoServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** A demonstration that can be run, and run again after it was laid out anew. */
export interface Demo {
  readonly folder: string;
  /** `chaperone.yaml`, line for line the one of the examples, and one more line that puts its data elsewhere. */
  readonly configPath: string;
  /** One letter a line, once one was sent. */
  readonly outboxPath: string;
  readonly agent: 'support';
  readonly servers: { readonly mail: DemoServer; readonly files: DemoServer };
  readonly task: Pick<AgentTask, 'messageId' | 'filePath'>;
}

/**
 * Copies mailbox, files and configuration to `folder`, which is made if it is not there, so that the demonstration
 * changes nothing in the examples. A mailbox that is there already is replaced; an outbox stays.
 */
export async function layOutDemo(folder: string): Promise<Demo> {
  await mkdir(folder, { recursive: true });
  const around = await realpath(folder); // the files server compares real paths
  const root = join(around, 'project');
  await mkdir(root, { recursive: true });
  await layOutData(root);
  const template = await readFile(new URL('chaperone.yaml', examples), 'utf8');
  const configPath = join(root, 'chaperone.yaml');
  const config = [
    ['../src/app/demo/mail-server.ts', mailServer],
    ['../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js', filesServer],
  ].reduce((text, [relative = '', absolute = '']) => text.replace(relative, () => JSON.stringify(absolute)), template);
  // At the end, so that every line is where it is in the examples; beside the project, as data should lie.
  await writeFile(configPath, `${config}\ndata: ${JSON.stringify(join(around, 'data'))}\n`);

  const start = (...args: string[]): DemoServer => ({ command: process.execPath, args, cwd: root });
  return {
    folder: root,
    configPath,
    outboxPath: join(root, 'demo', 'outbox.jsonl'),
    agent: 'support',
    servers: { mail: start(mailServer, 'demo/mailbox.json'), files: start(filesServer, 'demo') },
    task: { messageId: 'm-2', filePath: 'files/plan.md' },
  };
}

/** Sets mailbox and files of a demonstration back to what they were. What was sent stays sent. */
export async function layOutData(folder: string): Promise<void> {
  await cp(fileURLToPath(new URL('demo', examples)), join(folder, 'demo'), { recursive: true });
}
