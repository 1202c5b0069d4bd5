import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';

/**
 * What a configuration says of where its data lies, however broken the rest of it is; undefined where it says nothing that can
 * be made out, or cannot be read. For a command that mends the configuration and needs nothing else of it.
 */
export async function readDataDespite(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  // Reads on after an error, where it can. Nothing it says is believed but a folder to look for.
  const document = parseDocument(text, { version: '1.2', schema: 'core', prettyErrors: false, logLevel: 'silent' });
  const data = document.has('data') ? document.get('data') : undefined;
  return typeof data === 'string' && data !== '' ? data : undefined;
}
