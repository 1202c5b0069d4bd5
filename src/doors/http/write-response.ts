import type { ServerResponse } from 'node:http';

/**
 * Sends a web `Response` over a socket. A JSON body is sent whole, with its length; anything else is passed on as it
 * comes, no faster than the client takes it, and cancelled when the client goes away. Rejects if the body cannot be had:
 * of a whole one nothing has been sent then; after a stream that failed half-way, the caller has to break the connection.
 */
export async function writeResponse(response: Response, outgoing: ServerResponse, closing: boolean): Promise<void> {
  const { body } = response;
  if (outgoing.destroyed) {
    await body?.cancel().catch(() => {}); // nobody is there to read it, or to be told
    return;
  }
  const headers: Record<string, string | number> = {};
  for (const [name, value] of response.headers) headers[name] = value;
  if (closing) headers['connection'] = 'close';

  if (body === null) {
    if (response.status !== 204 && response.status !== 304) headers['content-length'] = 0;
    outgoing.writeHead(response.status, headers).end();
  } else if (headers['content-type']?.toString().startsWith('application/json')) {
    const text = await response.text();
    headers['content-length'] = Buffer.byteLength(text);
    outgoing.writeHead(response.status, headers).end(text);
  } else {
    headers['x-accel-buffering'] ??= 'no';
    outgoing.writeHead(response.status, headers).flushHeaders();
    await passOn(body, outgoing);
  }
}

async function passOn(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  let wake = (): void => {};
  const onDrain = (): void => wake();
  const onClose = (): void => {
    reader.cancel().catch(() => {}); // ends the read that is waiting; whether the source minds is its own affair
    wake();
  };
  outgoing.on('close', onClose).on('drain', onDrain);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || outgoing.destroyed) break;
      if (outgoing.write(value)) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (outgoing.destroyed || !outgoing.writableNeedDrain) resolve();
      });
    }
    outgoing.end();
  } finally {
    outgoing.off('close', onClose).off('drain', onDrain);
  }
}
