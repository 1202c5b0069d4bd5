import { createHash } from 'node:crypto';
import { Fault } from '../../../base/fault.ts';
import { sameBytes } from '../../../ledger/hash.ts';
import type { LedgerCopy } from '../../../ports/ledger.ts';
import { type BucketAnswer, type BucketOptions, openBucketClient } from './bucket-client.ts';
import { readObjectList } from './read-object-list.ts';

const NOT_THERE = 404;
/** There is one already: by `If-None-Match`, or because somebody else is putting it right now. */
const IS_THERE = new Set([409, 412]);

/**
 * A copy of a ledger in a bucket that speaks the S3 protocol. Every object is put on the condition that there is none by
 * its name, so that nothing is ever written again, whoever else writes there.
 */
export function openBucketCopy(options: BucketOptions): LedgerCopy {
  const { prefix } = options;
  const ask = openBucketClient(options);

  async function read(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const answer = await ask({ method: 'GET', key: `${prefix}${path}` }, signal);
    if (answer.status === NOT_THERE) return undefined;
    requireOk(answer, `reading ${path}`);
    return answer.body;
  }

  return {
    read,
    async add({ path, bytes }, signal) {
      const headers = {
        'content-type': 'application/octet-stream',
        'if-none-match': '*',
        'x-amz-checksum-sha256': createHash('sha256').update(bytes).digest('base64'),
      };
      const answer = await ask({ method: 'PUT', key: `${prefix}${path}`, headers, body: bytes }, signal);
      if (!IS_THERE.has(answer.status)) {
        requireOk(answer, `writing ${path}`);
        return 'added';
      }
      const there = await read(path, signal);
      if (there === undefined) throw new Fault('E_COPY', `writing ${path} failed: somebody else is writing it`);
      return sameBytes(there, bytes) ? 'same' : 'differs';
    },
    async list(folder) {
      const within = `${prefix}${folder}/`;
      const names: string[] = [];
      for (let token: string | undefined = ''; token !== undefined; ) {
        const query: Record<string, string> = {
          'list-type': '2',
          delimiter: '/',
          'encoding-type': 'url',
          prefix: within,
          ...(token === '' ? {} : { 'continuation-token': token }),
        };
        const answer = await ask({ method: 'GET', key: '', query });
        requireOk(answer, `listing ${folder}`);
        const page = readObjectList(Buffer.from(answer.body).toString('utf8'));
        names.push(...page.names.map((name) => name.slice(within.length)).filter((name) => name !== ''));
        token = page.next;
      }
      return names.sort();
    },
  };
}

/** What a service says in its own words is left out, but for its code, which is a word of the protocol. */
function requireOk({ status, body }: BucketAnswer, what: string): void {
  if (status >= 200 && status < 300) return;
  const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(Buffer.from(body.subarray(0, 4_096)).toString('latin1'))?.[1];
  throw new Fault(
    'E_COPY',
    `${what} failed: the bucket answered with HTTP status ${status}${code ? ` (${code})` : ''}`,
  );
}
