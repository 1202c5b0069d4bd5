import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { EgressWay } from '../../policy/egress/compile-egress.ts';
import type { Finding } from '../../scan/detector.ts';
import { type CheckedRequest, checkRequest, codeFor } from './check-request.ts';
import type { DoorConnection } from './door-connection.ts';
import type { EgressClient } from './egress-client.ts';
import { holdBody } from './hold-body.ts';
import { askWhole, type Injected, injectCredentials } from './inject-credentials.ts';
import { MaskedAnswer } from './masked-answer.ts';
import { refuseRequest } from './refuse.ts';
import { type RequestRecord, recordRequest } from './request-record.ts';
import type { EgressRuntime } from './runtime.ts';
import { areSerious, scanAddress, scanBody, scanHeaders, tell } from './scan-request.ts';

/** A request that was checked and decided, and whose head was looked at. */
export interface Cleared {
  readonly client: EgressClient;
  readonly request: CheckedRequest;
  readonly way: EgressWay;
  readonly findings: readonly Finding[];
  readonly record: RequestRecord;
  readonly startMs: number;
}

/** Checks, decides and scans the head of a request. A refusal is recorded; its code is for the client. */
export async function clear(
  incoming: IncomingMessage,
  connection: DoorConnection,
  client: EgressClient,
): Promise<Cleared | ErrorCode> {
  const { runtime, tunnel } = connection;
  const { session } = client;
  const startMs = runtime.clock.monotonicMs();
  let record: RequestRecord = { protocol: 'http', host: tunnel?.host ?? '', port: tunnel?.port ?? 0 };
  const refused = (code: ErrorCode, reason: string, more: Partial<RequestRecord> = {}): ErrorCode => {
    session.recordRefused(code, recordRequest({ ...record, reason, ...more }));
    return code;
  };
  const unfit = session.admit();
  if (unfit !== undefined) return refused(unfit, 'the client may not send now');
  const checked = checkRequest(incoming, tunnel);
  if (!checked.ok) return refused(codeFor([incoming.url, incoming.headers.host]), checked.message);
  const request = checked.value;
  const { url, method } = request;
  const { host, port, path } = url;
  const protocol = request.upgrade ?? (url.tls ? 'https' : 'http');
  const address = scanAddress(request, connection.clean, runtime);
  // The host is part of what was looked at.
  record = { protocol, method, host: address.code === undefined ? host : tell(host, runtime), port };
  if (address.code !== undefined) return refused(address.code, 'the address holds a secret of this gateway');
  // A path in which something was found is not written down with it.
  if (address.findings.length === 0) record = { ...record, path };
  const decided = runtime.policy(session).decideRequest(session.subject, method, url, await session.readLabel());
  if (!decided.ok) return refused(decided.code, decided.message);
  const header = scanHeaders(request, connection.clean, runtime);
  if (header.code !== undefined) return refused(header.code, 'a header holds a secret of this gateway');
  const findings = header.findings.length === 0 ? address.findings : [...address.findings, ...header.findings];
  if (decided.rule.findings === 'refuse' && areSerious(findings))
    return refused('E_EGRESS_FINDING', 'something in the address or a header must not leave', { findings });
  return { client, request, way: decided, findings, record: { ...record, rule: decided.index }, startMs };
}

/** Sends one request on and its answer back. Never rejects. */
export async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  connection: DoorConnection,
  client: EgressClient,
): Promise<void> {
  const cleared = await clear(incoming, connection, client);
  if (typeof cleared === 'string') return refuseRequest(response, cleared);
  const { request, way, record } = cleared;
  const refused = (code: ErrorCode, reason: string, findings: readonly Finding[] = []) => {
    client.session.recordRefused(
      code,
      recordRequest({ ...record, reason, findings: [...cleared.findings, ...findings] }),
    );
    refuseRequest(response, code);
  };
  const sent = { seen: 0, unseen: 0 };
  let injected: Injected | undefined;
  try {
    injected = await injectCredentials(request, client.session, connection.runtime);
  } catch (error) {
    const { code, message } = toFault(error, 'E_CREDENTIAL', 'a credential could not be had');
    return refused(code, message);
  }
  if (!request.hasBody) {
    try {
      const signed = await signWhole(injected, EMPTY);
      return await exchange(cleared, signed, undefined, sent, response, connection);
    } catch (error) {
      const { code, message } = toFault(error, 'E_CREDENTIAL', 'the request could not be signed');
      return refused(code, message);
    }
  }
  if (/^100-continue$/i.test(incoming.headers.expect ?? '')) response.writeContinue();
  const body = await holdBody(incoming, {
    most: way.rule.upload,
    held: connection.held,
    onMore(bytes) {
      sent.unseen += bytes;
      if (!client.session.countUp(bytes)) throw new Fault('E_EGRESS_QUOTA', 'the client has sent as much as it may');
    },
  });
  if (!body.ok) return refused(body.code, body.message);
  try {
    const scan = await scanBody(body.decoded, request.url.host, connection.runtime);
    if (scan.code !== undefined) return refused(scan.code, 'the body holds a secret of this gateway');
    if (way.rule.findings === 'refuse' && areSerious(scan.findings))
      return refused('E_EGRESS_FINDING', 'something in the body must not leave', scan.findings);
    const found = { ...cleared, findings: [...cleared.findings, ...scan.findings] };
    sent.seen = body.bytes.length;
    const signed = await signWhole(injected, body.rest === undefined ? body.bytes : undefined);
    await exchange(found, signed, body.rest ?? body.bytes, sent, response, connection);
  } catch (error) {
    const { code, message } = toFault(error, 'E_SCAN', 'the body could not be scanned');
    refused(code, message);
  } finally {
    body.release();
  }
}

const EMPTY = Buffer.alloc(0);

/** What was put in with the signature that it takes, now that the body is there. */
async function signWhole(injected: Injected | undefined, body: Buffer | undefined): Promise<Injected | undefined> {
  return injected?.sign === undefined ? injected : { ...injected, headers: await injected.sign(body) };
}

/** Resolves when the answer has been handed on, or will not be. */
function exchange(
  cleared: Cleared,
  injected: Injected | undefined,
  body: Buffer | Readable | undefined,
  sent: { readonly seen: number; unseen: number },
  response: ServerResponse,
  { runtime, confided }: Pick<DoorConnection, 'runtime' | 'confided'>,
): Promise<void> {
  const { client, request, way, startMs } = cleared;
  const { session } = client;
  const { url, method } = request;
  if (injected !== undefined) confided.tell(url.host, injected.longest);
  const look = () => {
    const longest = confided.longestOf(url.host);
    return longest === undefined ? undefined : new MaskedAnswer(runtime, longest);
  };
  let masked = look();
  const headers = injected?.headers ?? (masked === undefined ? request.headers : askWhole(request.headers));
  let isOfKnownLength = false;
  const upstream = client.upstream(way.rule, way.index, url, url.tls);
  let down = 0;
  let status: number | undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  const over = (code?: ErrorCode, reason?: string) => {
    if (isOver) return;
    isOver = true;
    const record = recordRequest({
      ...cleared.record,
      findings: cleared.findings,
      ...(injected === undefined ? {} : { credentials: injected.names }),
      ...(upstream.address === undefined ? {} : { address: upstream.address }),
      ...(status === undefined ? {} : { status }),
      up: sent.seen + sent.unseen,
      down,
      ms: runtime.clock.monotonicMs() - startMs,
      ...(sent.unseen > 0 ? { unseen: sent.unseen } : {}),
      ...(reason === undefined ? {} : { reason }),
    });
    if (code === undefined) session.recordPassed(record);
    else session.recordRefused(code, record);
    if (code !== undefined) refuseRequest(response, code);
    resolve();
  };
  if (sent.seen > 0 && !session.countUp(sent.seen)) {
    over('E_EGRESS_QUOTA', 'the client has sent as much as it may');
    return promise;
  }
  let controller: Dispatcher.DispatchController | undefined;
  response.once('close', () => {
    if (!response.writableFinished) controller?.abort(new Fault('E_CANCELLED', 'the client went away'));
  });
  const stop = (code: ErrorCode, message: string) => controller?.abort(new Fault(code, message));
  upstream.pool.dispatch(
    { path: url.path + url.query, method: method as Dispatcher.HttpMethod, headers, body: body ?? null },
    {
      onRequestStart(started) {
        controller = started;
        if (response.destroyed) started.abort(new Fault('E_CANCELLED', 'the client went away'));
      },
      onResponseStart(_controller, code, answered, message) {
        if (code < 200) return; // remarks on the way are not passed on
        status = code;
        response.sendDate = false;
        masked ??= look();
        isOfKnownLength = answered['content-length'] !== undefined || !isPlain(answered);
        if (masked === undefined) response.writeHead(code, message ?? '', headersOf(answered));
        else if (!isPlain(answered))
          stop(
            'E_RESULT_UNSCANNED',
            'the answer is packed, or in an alphabet of its own, and a credential could be in it',
          );
        else response.writeHead(code, '', maskedHeadersOf(answered, runtime));
      },
      onResponseData(started, chunk) {
        down += chunk.length;
        if (down > way.rule.download) return stop('E_LIMIT', 'the answer is larger than its rule lets in');
        if (!session.countDown(chunk.length)) return stop('E_EGRESS_QUOTA', 'the client was sent as much as it may be');
        if (masked === undefined) {
          // The host was sent a credential while it answered, and may show it in what is left.
          masked = look();
          if (masked !== undefined && isOfKnownLength)
            return stop(
              'E_RESULT_UNSCANNED',
              'a credential was sent to the host meanwhile, and could be in its answer',
            );
        }
        if (response.write(masked === undefined ? chunk : masked.push(chunk))) return;
        started.pause();
        response.once('drain', () => started.resume());
      },
      onResponseEnd(_controller, trailers) {
        const told = Object.entries(trailers ?? {}).flatMap(([name, value]) =>
          typeof value === 'string' ? [[name, value] as [string, string]] : [],
        );
        if (told.length > 0 && masked === undefined) response.addTrailers(told);
        if (masked === undefined) response.end();
        else response.end(masked.end());
        over();
      },
      onResponseError(_controller, error) {
        const { code, message } = faultOf(error);
        // What was not refused here was sent, and came to nothing: that is no refusal, but it is recorded as it was.
        over(code, message);
      },
    },
  );
  return promise;
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new Fault('E_UPSTREAM_TIMEOUT', 'the host did not answer in time', { cause: error });
  return new Fault('E_UPSTREAM_LOST', 'the connection to the host broke', { cause: error });
}

/** Whether characters are bytes of the answer, so that a text can be found in it. */
function isPlain(answered: IncomingHttpHeaders): boolean {
  const isPacked = !/^(?:identity)?$/i.test(answered['content-encoding'] ?? '');
  return (
    !isPacked &&
    !/charset\s*=\s*["']?\s*(?:utf-?(?:7|16|32)|ucs|iso-10646|ibm|cp037|ebcdic)/i.test(answered['content-type'] ?? '')
  );
}

/** What a host repeats of a credential in its headers; the length of what is masked is not known before. */
function maskedHeadersOf(answered: IncomingHttpHeaders, runtime: EgressRuntime): string[] {
  const { 'content-length': _length, ...rest } = answered;
  return headersOf(rest).map((text) => runtime.maskText(text));
}

const NOT_BACK = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  // It would have a client go around the door the next time, by another protocol or port.
  'alt-svc',
]);

export function headersOf(answered: IncomingHttpHeaders): string[] {
  const headers: string[] = [];
  for (const name in answered) {
    if (NOT_BACK.has(name)) continue;
    const value = answered[name];
    if (typeof value === 'string') headers.push(name, value);
    else if (value !== undefined) for (const one of value) headers.push(name, one);
  }
  return headers;
}
