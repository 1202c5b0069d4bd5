import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import type { Digest } from '../../base/digest.ts';
import { toFault } from '../../base/fault.ts';
import type { Contents } from './archive-form.ts';

/** Same bytes for the same evidence: no owner, no time. */
const PLAIN = { mode: 0o600, mtime: new Date(0) } as const;
const PRIVATE = 0o600;

/** Writes a tar file and takes the digest of everything that goes in. What is long goes through a draft beside it. */
export class ArchiveWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #pack: Pack = pack();
  readonly #done: Promise<void>;
  readonly #digests: Record<string, Contents['files'][string]> = {};
  readonly #drafts: Draft[] = [];
  #finished = false;

  private constructor(path: string) {
    this.#path = path;
    this.#done = pipeline(this.#pack, createWriteStream(path, { mode: PRIVATE, flags: 'w' }));
    this.#done.catch(() => {}); // told by `finish`
  }

  /** Throws a `Fault` E_USAGE where the file is there already or cannot be made. */
  static async create(path: string): Promise<ArchiveWriter> {
    try {
      await (await open(path, 'wx', PRIVATE)).close();
    } catch (error) {
      throw toFault(error, 'E_USAGE', `${path} cannot be written, or is there already`);
    }
    return new ArchiveWriter(path);
  }

  get digests(): Contents['files'] {
    return this.#digests;
  }

  async add(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.#enter(name, createHash('sha256').update(bytes).digest('hex'), bytes.length);
    await new Promise<void>((resolve, reject) => {
      this.#pack.entry({ name, size: bytes.length, ...PLAIN }, bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A file that is written bit by bit. It goes in when it is added. */
  async draft(name: string): Promise<Draft> {
    const draft = await Draft.create(name, `${this.#path}.${this.#drafts.length}.draft`);
    this.#drafts.push(draft);
    return draft;
  }

  async addDraft(draft: Draft): Promise<void> {
    const { digest, bytes } = await draft.finish();
    this.#enter(draft.name, digest, bytes);
    const entry = this.#pack.entry({ name: draft.name, size: bytes, ...PLAIN });
    await pipeline(createReadStream(draft.path), entry);
  }

  async finish(): Promise<void> {
    this.#pack.finalize();
    await this.#done;
    this.#finished = true;
  }

  /** Leaves nothing behind but a whole archive. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#drafts.map((draft) => draft.remove()));
    if (this.#finished) return;
    this.#pack.destroy();
    await this.#done.catch(() => {});
    await rm(this.#path, { force: true });
  }

  #enter(name: string, hex: string, bytes: number): void {
    const digest: Digest = `sha256:${hex}`;
    this.#digests[name] = { digest, bytes };
  }
}

export class Draft {
  readonly name: string;
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #open = true;

  private constructor(name: string, path: string, file: FileHandle) {
    this.name = name;
    this.path = path;
    this.#file = file;
  }

  static async create(name: string, path: string): Promise<Draft> {
    return new Draft(name, path, await open(path, 'w', PRIVATE));
  }

  async write(text: string): Promise<void> {
    if (text === '') return;
    this.#hash.update(text);
    await this.#file.writeFile(text);
  }

  async finish(): Promise<{ readonly digest: string; readonly bytes: number }> {
    await this.#close();
    return { digest: this.#hash.digest('hex'), bytes: (await stat(this.path)).size };
  }

  /** What was written, in pieces. */
  read(): AsyncIterable<string> {
    return createReadStream(this.path, 'utf8');
  }

  async remove(): Promise<void> {
    await this.#close();
    await rm(this.path, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}
