import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

export const messageSchema = z.strictObject({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  subject: z.string(),
  receivedAt: z.string(),
  body: z.string(),
});
export type Message = z.infer<typeof messageSchema>;

export const contactSchema = z.strictObject({
  name: z.string(),
  email: z.string(),
  phone: z.string(),
  notes: z.string(),
  salary: z.number(),
});
export type Contact = z.infer<typeof contactSchema>;

const mailboxSchema = z.strictObject({ contacts: z.array(contactSchema), messages: z.array(messageSchema) });
type MailboxContent = z.infer<typeof mailboxSchema>;

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

/**
 * Mail and contacts in one JSON file. What is sent is appended to `outbox.jsonl` beside it, one letter a line: that
 * file is the proof of what left. The file is read anew for each request, so edits from outside are seen.
 */
export class Mailbox {
  readonly #path: string;
  readonly outboxPath: string;
  /** The last change asked for. Changes wait for each other; reads do not. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    this.outboxPath = join(dirname(path), 'outbox.jsonl');
  }

  async listMessages(): Promise<readonly Message[]> {
    return (await this.#read()).messages;
  }

  async readMessage(id: string): Promise<Message | undefined> {
    return (await this.listMessages()).find((message) => message.id === id);
  }

  /** Contacts whose name, address or notes contain `query`, in any case. An empty query finds all. */
  async searchContacts(query: string): Promise<readonly Contact[]> {
    const wanted = query.toLowerCase();
    const { contacts } = await this.#read();
    return contacts.filter((contact) =>
      `${contact.name} ${contact.email} ${contact.notes}`.toLowerCase().includes(wanted),
    );
  }

  /** Sends a letter and returns its id. */
  send(letter: Letter): Promise<string> {
    return this.#change(async () => {
      const sent = (await this.#readOutbox()).length;
      const id = `sent-${sent + 1}`;
      await appendFile(this.outboxPath, `${JSON.stringify({ id, ...letter })}\n`);
      return id;
    });
  }

  /** Deletes a message. False if there is none. */
  delete(id: string): Promise<boolean> {
    return this.#change(async () => {
      const content = await this.#read();
      const messages = content.messages.filter((message) => message.id !== id);
      if (messages.length === content.messages.length) return false;
      const draft = `${this.#path}.new`;
      await writeFile(draft, `${JSON.stringify({ ...content, messages }, null, 2)}\n`);
      await rename(draft, this.#path);
      return true;
    });
  }

  async #readOutbox(): Promise<readonly string[]> {
    const text = await readFile(this.outboxPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return text.split('\n').filter((line) => line !== '');
  }

  async #read(): Promise<MailboxContent> {
    return mailboxSchema.parse(JSON.parse(await readFile(this.#path, 'utf8')));
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => undefined); // the caller hears of the failure; the next change still runs
    return done;
  }
}
