import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { type Digest, digestBytes, digestJson } from '../../base/digest.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { canonicalJson, findJsonProblem, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { LineReader } from '../../base/line-reader.ts';
import type { VerifiedCheckpoint } from '../../ledger/checkpoint.ts';
import { entryOfDigest } from '../../ledger/event-entry.ts';
import { evidenceText } from '../../ledger/evidence-text.ts';
import { hashLeaf } from '../../ledger/hash.ts';
import { KeyHistory } from '../../ledger/key-history.ts';
import { parseNote, verifyNote } from '../../ledger/note.ts';
import { verifyInclusion } from '../../ledger/proofs.ts';
import { fromBase64 } from '../../ledger/text-bytes.ts';
import { readHeldBack } from '../../model/exact.ts';
import { isSealed } from '../../model/sealed.ts';
import { type Trust, verifySigned } from '../ledger/verify-ledger.ts';
import { nameBundle } from '../reopen-bundle.ts';
import { type Contents, contentsSchema, eventLineSchema, FILES, FORMAT } from './archive-form.ts';

/** An archive whose every byte is what was signed, and whose every event is in the log. */
export interface VerifiedArchive extends VerifiedCheckpoint {
  readonly contents: Contents;
  /** Events whose sealed body is shown, and fits its seal. */
  readonly opened: number;
}

/** Files are kept whole; what is longer is `events.ndjson`, which is read twice, line by line. */
const MOST_KEPT_BYTES = 4 * limits.recordBytes;
const MOST_FILES = 10_000;
const MOST_LINE_CHARS = 4 * limits.recordBytes;

/**
 * Verifies an archive of evidence with public keys alone: its signature, the digest of every file, the checkpoint, every
 * event against it, what is shown of sealed bodies, and the rules against the digests by which events name them.
 *
 * @throws Fault E_EVIDENCE that names the first thing that is not what was signed.
 */
export async function verifyArchive(path: string, trust: Trust): Promise<VerifiedArchive> {
  const { kept, digests } = await readArchive(path);
  const text = fileOf(kept, FILES.contents);
  const contents = parseContents(text);
  const checkpointText = fileOf(kept, FILES.checkpoint);
  const entries: string[] = [];
  for (let entry = kept.get(FILES.key(1)); entry !== undefined; entry = kept.get(FILES.key(entries.length + 1))) {
    entries.push(entry);
  }
  const history =
    entries.length === 0 && trust.keys.length === 1 ? KeyHistory.of(trust.keys) : KeyHistory.read(entries, trust.keys);
  const verified = verifySigned(checkpointText, history, trust);
  const { origin, size } = verified.checkpoint;
  requireSame('the log', `${contents.log.origin} ${contents.log.size}`, `${origin} ${size}`);
  requireSignature(fileOf(kept, FILES.signature), evidenceText(origin, digestBytes(text)), history, size);
  const opened = await requireFiles(contents, digests, () => verifyEvents(path, contents, verified));
  for (const [name, content] of kept) if (name.startsWith('bundles/')) verifyBundle(name, content);
  return { ...verified, contents, opened };
}

/** Whether a file is a tar. */
export function isArchive(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
}

/** Every file's digest, and the text of all but the events. */
async function readArchive(path: string): Promise<{
  readonly kept: ReadonlyMap<string, string>;
  readonly digests: ReadonlyMap<string, { readonly digest: Digest; readonly bytes: number }>;
}> {
  const kept = new Map<string, string>();
  const digests = new Map<string, { digest: Digest; bytes: number }>();
  let keptBytes = 0;
  await eachFile(path, async (name, stream) => {
    if (digests.has(name) || digests.size >= MOST_FILES)
      throw new Fault('E_EVIDENCE', `${name} is there twice, or there are too many files`);
    const hash = createHash('sha256');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (name === FILES.events || name === FILES.report) continue;
      keptBytes += (chunk as Buffer).length;
      if (keptBytes > MOST_KEPT_BYTES) throw new Fault('E_EVIDENCE', `${name} is larger than such a file may be`);
      chunks.push(chunk as Buffer);
    }
    digests.set(name, { digest: `sha256:${hash.digest('hex')}`, bytes });
    if (chunks.length > 0 || bytes === 0) kept.set(name, Buffer.concat(chunks).toString('utf8'));
  });
  return { kept, digests };
}

async function eachFile(path: string, visit: (name: string, stream: Readable) => Promise<void>): Promise<void> {
  const tar = extract();
  const source = createReadStream(path);
  source.on('error', (error) => tar.destroy(error));
  source.pipe(tar);
  try {
    for await (const entry of tar) await visit(entry.header.name, Readable.from(entry));
  } catch (error) {
    throw toFault(error, 'E_EVIDENCE', `${path} is not an archive of evidence, or is cut off`);
  } finally {
    source.destroy();
  }
}

async function verifyEvents(path: string, contents: Contents, { checkpoint }: VerifiedCheckpoint): Promise<number> {
  let count = 0;
  let opened = 0;
  let lastSeq = 0;
  await eachFile(path, async (name, stream) => {
    if (name !== FILES.events) {
      stream.resume();
      return;
    }
    for await (const line of readLines(stream)) {
      count++;
      const { event, after, proof, opened: shown, exact } = parseLine(line, count);
      const wrong = (how: string) =>
        new Fault('E_EVIDENCE', `event ${event.seq}, on line ${count} of ${FILES.events}, ${how}`);
      if (event.seq <= lastSeq) throw wrong('does not come after the one before it');
      if (after !== undefined && after !== lastSeq)
        throw wrong(`came after event ${after} when it was signed, not after event ${lastSeq}`);
      lastSeq = event.seq;
      requireSame(`the tenant of event ${event.seq}`, event.tenant, contents.tenant);
      const { run } = contents.scope;
      if (run !== undefined) requireSame(`the run of event ${event.seq}`, String(event['runId']), run);
      const hashes = proof.map((hash) => fromBase64(hash) ?? new Uint8Array());
      const leaf = hashLeaf(entryOfDigest(digestJson(event as unknown as JsonObject))); // just parsed from JSON
      if (!verifyInclusion(leaf, event.seq - 1, checkpoint, hashes)) throw wrong('is not the one in the log');
      if (shown === undefined && exact === undefined) continue;
      const { body } = event as unknown as { readonly body: JsonObject };
      if (!isSealed(body) || shown === undefined || !comesTo(shown, body.commitment))
        throw wrong('does not say what is shown of it');
      if (exact !== undefined && !comesTo(exact, readHeldBack(parseShown(shown.text, event.seq))))
        throw wrong('was not decided from what is shown of that');
      opened++;
    }
  });
  if (count !== contents.events) {
    throw new Fault('E_EVIDENCE', `${FILES.events} has ${count} events; ${contents.events} were signed`);
  }
  return opened;
}

/** Nothing is kept of a line that is longer than any that is written: it may not be ours. */
async function* readLines(stream: Readable): AsyncGenerator<string> {
  const lines: string[] = [];
  const reader = new LineReader(
    MOST_LINE_CHARS,
    (line) => lines.push(line.toString('utf8')),
    () => {
      throw new Fault('E_EVIDENCE', `a line of ${FILES.events} is too long`);
    },
  );
  for await (const chunk of stream) {
    reader.push(chunk as Buffer);
    yield* lines.splice(0);
  }
}

function comesTo({ salt, text }: { readonly salt: string; readonly text: string }, commitment: string | undefined) {
  return digestBytes(salt + text) === `sha256:${commitment}`;
}

function parseShown(text: string, seq: number): JsonObject {
  return parseJson(text, `what is shown of event ${seq}`) as JsonObject; // committed to, which only what was recorded is
}

function parseLine(line: string, number: number) {
  const parsed = eventLineSchema.safeParse(parseJson(line, `line ${number} of ${FILES.events}`));
  if (parsed.success) return parsed.data;
  throw new Fault('E_EVIDENCE', `line ${number} of ${FILES.events} is not an event with its proof`);
}

function parseContents(text: string): Contents {
  const parsed = contentsSchema.safeParse(parseJson(text, FILES.contents));
  if (parsed.success) return parsed.data;
  throw new Fault('E_EVIDENCE', `${FILES.contents} is not the contents of a ${FORMAT} archive`);
}

function parseJson(text: string, what: string): unknown {
  if (text.length > MOST_LINE_CHARS) throw new Fault('E_EVIDENCE', `${what} is too long`);
  try {
    const value: unknown = JSON.parse(text);
    if (findJsonProblem(value, limits.jsonDepth + 16) === undefined) return value;
  } catch {
    // said below
  }
  throw new Fault('E_EVIDENCE', `${what} is not JSON`);
}

function requireSignature(note: string, text: string, history: KeyHistory, size: number): void {
  const parsed = parseNote(note);
  const isSigned = parsed.text === text && verifyNote(parsed, history.keysFor(size)).length > 0;
  if (!isSigned) throw new Fault('E_EVIDENCE', `${FILES.signature} is not the log’s signature of ${FILES.contents}`);
}

/**
 * Every file that was signed is there as it was, and no other. Where it is the events, they are verified one by one all the
 * same, since that tells which of them it is. Answers with what verifying them came to.
 */
async function requireFiles(
  contents: Contents,
  digests: ReadonlyMap<string, { readonly digest: Digest; readonly bytes: number }>,
  verifyAll: () => Promise<number>,
): Promise<number> {
  const own: readonly string[] = [FILES.contents, FILES.signature];
  for (const [name, { digest, bytes }] of Object.entries(contents.files)) {
    const found = digests.get(name);
    if (found === undefined) throw new Fault('E_EVIDENCE', `${name} is missing`);
    if (found.digest === digest && found.bytes === bytes) continue;
    if (name === FILES.events) await verifyAll();
    throw new Fault('E_EVIDENCE', `${name} is not what was signed`);
  }
  for (const name of digests.keys()) {
    if (!Object.hasOwn(contents.files, name) && !own.includes(name))
      throw new Fault('E_EVIDENCE', `${name} was not signed`);
  }
  return verifyAll();
}

/** The rules are those that events name by their digest. */
function verifyBundle(name: string, content: string): void {
  const value = parseJson(content, name) as JsonObject; // an object, or the next line refuses it
  if (name !== FILES.bundle(nameBundle(value)) || canonicalJson(value) !== content) {
    throw new Fault('E_EVIDENCE', `${name} does not hold the rules that have this digest`);
  }
}

function fileOf(kept: ReadonlyMap<string, string>, name: string): string {
  const text = kept.get(name);
  if (text === undefined) throw new Fault('E_EVIDENCE', `${name} is missing`);
  return text;
}

function requireSame(what: string, given: string, signed: string): void {
  if (given !== signed) throw new Fault('E_EVIDENCE', `${what} is ${given}, and ${signed} elsewhere in the archive`);
}
