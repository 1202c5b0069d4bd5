import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, errorEntry } from '../../base/errors.ts';

/** What the client reads of a refusal: the code and what a model may be told, never which rule or what was found. */
function bodyOf(code: ErrorCode): string {
  return `${JSON.stringify({ error: { code, message: errorEntry(code).toModel } })}\n`;
}

const CHALLENGE = 'Basic realm="chaperone"';

function statusOf(code: ErrorCode): number {
  return code === 'E_AUTH_REQUIRED' || code === 'E_TOKEN_INVALID' ? 407 : errorEntry(code).http;
}

/**
 * Answers a request with a refusal. The connection is closed where the body was not read to the end, and where it is not
 * sure where the next request begins.
 */
export function refuseRequest(response: ServerResponse, code: ErrorCode): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const status = statusOf(code);
  const body = bodyOf(code);
  const isOver = !response.req.complete || code === 'E_EGRESS_REQUEST';
  response.sendDate = false;
  response.writeHead(status, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'X-Chaperone-Error',
    code,
    ...(status === 407 ? ['Proxy-Authenticate', CHALLENGE] : []),
    ...(isOver ? ['Connection', 'close'] : []),
  ]);
  response.end(body);
}

/** The same on a connection that Node has handed over: CONNECT and upgrades. */
export function refuseSocket(socket: Duplex, code: ErrorCode): void {
  if (socket.destroyed) return;
  const status = statusOf(code);
  const body = bodyOf(code);
  socket.end(
    [
      `HTTP/1.1 ${status} Refused`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Chaperone-Error: ${code}`,
      ...(status === 407 ? [`Proxy-Authenticate: ${CHALLENGE}`] : []),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
