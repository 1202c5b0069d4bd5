import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { isBucketAddress, readBucketAddress } from '../../model/ledger-copy.ts';
import { isLocal } from './is-local.ts';
import type { Report } from './report.ts';

const KEYS = ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const;
const OF_BUCKETS = ['endpoint', 'region', ...KEYS] as const;

/** What the schema cannot say about copies of the ledger: which keys go with a folder, and which a bucket has to have. */
export function checkCopies(manifest: JsonObject, report: Report): void {
  const ledger = manifest['ledger'];
  if (!isJsonObject(ledger) || !isJsonObject(ledger['copies'])) return;
  for (const [name, copy] of Object.entries(ledger['copies'])) {
    if (!isJsonObject(copy) || typeof copy['to'] !== 'string') continue; // the schema says so
    const at = ['ledger', 'copies', name];
    if (!isBucketAddress(copy['to'])) {
      for (const key of OF_BUCKETS) {
        if (copy[key] !== undefined) report([...at, key], 'error', `\`${key}\` is for buckets, \`s3://…\`, only`);
      }
      continue;
    }
    if (readBucketAddress(copy['to']) === undefined) {
      report([...at, 'to'], 'error', 'expected a bucket and perhaps a prefix, `s3://bucket/prefix`');
    }
    for (const key of ['accessKeyId', 'secretAccessKey']) {
      if (copy[key] === undefined) report(at, 'error', `a bucket takes \`${key}\`, to sign requests with`);
    }
    checkEndpoint(copy['endpoint'], [...at, 'endpoint'], report);
    for (const key of KEYS) checkLent(copy[key], manifest['credentials'], [...at, key], report);
  }
}

function checkLent(value: unknown, credentials: unknown, at: readonly string[], report: Report): void {
  const [, name] = /^cred:([^.]+)/.exec(isJsonObject(value) ? String(value['secret']) : '') ?? [];
  const known = isJsonObject(credentials) ? Object.keys(credentials) : [];
  if (name === undefined || known.some((one) => one.toLowerCase() === name.toLowerCase())) return;
  report(at, 'error', `there is no credential \`${name}\` in \`credentials\``);
}

function checkEndpoint(endpoint: unknown, at: readonly string[], report: Report): void {
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return;
  const { protocol, hostname } = new URL(endpoint);
  if (protocol === 'http:' && !isLocal(hostname)) {
    report(at, 'warning', 'what is copied travels in the open, where it can be held back; use `https://`');
  }
}
