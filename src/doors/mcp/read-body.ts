/** The text of a request's body, or `undefined` if it has more than `maxBytes`: then no more than that is read. */
export async function readBody(request: Request, maxBytes: number): Promise<string | undefined> {
  const declared = request.headers.get('content-length');
  // The length was declared, and the HTTP parser holds the client to it.
  if (declared !== null) return Number(declared) <= maxBytes ? request.text() : undefined;
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
