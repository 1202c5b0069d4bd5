import { type FileHandle, open } from 'node:fs/promises';
import type { Delivery, EventSink } from '../../../ports/event-sink.ts';
import { type LineFormat, printLine } from '../formats/print-line.ts';

const BATCH = 500;
const PRIVATE = 0o600;

/**
 * Appends events to a file, a line of JSON each, and has the disk take them before it says so. The file is opened anew for
 * each batch, so that whoever rotates it may move it away at any time.
 */
export function openFileSink(options: { readonly path: string; readonly format: LineFormat }): EventSink {
  return {
    batch: BATCH,
    async deliver(events): Promise<Delivery> {
      let file: FileHandle | undefined;
      try {
        file = await open(options.path, 'a', PRIVATE);
        await file.writeFile(events.map((event) => `${printLine(event, options.format)}\n`).join(''));
        await file.datasync();
        return { kind: 'accepted' };
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
        return { kind: 'unavailable', message: `the file could not be written: ${code}` };
      } finally {
        await file?.close().catch(() => {});
      }
    },
    async close() {},
  };
}
