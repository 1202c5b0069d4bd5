import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newFolder, root } from './start-gateway.ts';

export const notesServer = join(root, 'test', 'e2e', 'notes-server.ts');

/** A scratch folder with the notes server, who may do what with it, and what was done. */
export interface NotesFolder {
  readonly folder: string;
  readonly config: string;
  /** What the server says of `read_note`, from its next start on. */
  describe(text: string): Promise<void>;
  /** What the server did, oldest first. */
  done(): Promise<readonly string[]>;
  /** Replaces a text of the configuration, once. */
  edit(from: string, to: string): Promise<void>;
  dispose(): Promise<void>;
}

export async function newNotesFolder(): Promise<NotesFolder> {
  const { folder, dispose } = await newFolder('version: 1\n');
  const config = join(folder, 'chaperone.yaml');
  const description = join(folder, 'description.txt');
  const doneFile = join(folder, 'done.txt');
  await writeFile(description, 'reads a note\n');
  await writeFile(doneFile, '');
  await writeFile(
    config,
    `version: 1
servers:
  notes: { command: ${process.execPath}, args: [${notesServer}, ${description}, ${doneFile}] }
tools:
  notes/read_note: { effect: read, consequence: low }
  notes/count_slowly: { effect: read, consequence: low }
  notes/send_note:
    effect: write
    consequence: medium
    arguments:
      to: { allow: ["*@example.com"] }
agents:
  agent:
    tools:
      notes/read_note: {}
      notes/count_slowly: {}
      notes/send_note: { approval: required }
    deny:
      - notes/erase_notes
`,
  );
  return {
    folder,
    config,
    describe: (text) => writeFile(description, text),
    done: async () => (await readFile(doneFile, 'utf8')).split('\n').filter(Boolean),
    async edit(from, to) {
      const text = await readFile(config, 'utf8');
      if (!text.includes(from)) throw new Error(`the configuration has no \`${from}\``);
      await writeFile(config, text.replace(from, to));
    },
    dispose,
  };
}
