import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject } from '../../../src/base/json.ts';
import { type Revision, runSuite, type SuiteResult } from './run-suite.ts';
import { type GovernedGateway, startGovernedGateway } from './start-governed-gateway.ts';
import { startUpstream, type Upstream } from './start-upstream.ts';

// What the upstream is known to pass on its own, so that a broken fixture cannot make the comparison hold by itself.
const PASSED_DIRECTLY: Readonly<Record<Revision, number>> = { '2026-07-28': 125, '2025-11-25': 78 };
const REVISIONS = ['2026-07-28', '2025-11-25'] as const;
const STDIO_UPSTREAM = fileURLToPath(new URL('./upstream-stdio.ts', import.meta.url));

let upstream: Upstream;
let overHttp: GovernedGateway;
let overStdio: GovernedGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  overHttp = await startGovernedGateway({ up: { url: upstream.url.href } });
  overStdio = await startGovernedGateway({ up: { command: process.execPath, args: [STDIO_UPSTREAM] } });
});

afterAll(async () => {
  await overHttp?.close();
  await overStdio?.close();
  await upstream?.close();
});

describe.each(REVISIONS)('the official conformance suite for %s', (revision) => {
  let direct: SuiteResult;

  beforeAll(async () => {
    direct = await runSuite(upstream.url, revision);
  });

  it('is passed by the upstream alone', () => {
    const scored = [...direct].filter(([check]) => !check.startsWith('tasks-'));
    expect(failures(new Map(scored))).toEqual([]);
    expect(scored.filter(([, { status }]) => status === 'SUCCESS').length).toBeGreaterThanOrEqual(
      PASSED_DIRECTLY[revision],
    );
  });

  it.each([
    ['HTTP', () => overHttp],
    ['stdio', () => overStdio],
  ] as const)('fails nothing through the gateway that the upstream passes, upstream over %s', async (_, gateway) => {
    const through = await runSuite(gateway().url, revision);
    const lost = [...direct]
      .filter(([, { status }]) => status === 'SUCCESS')
      // A server may answer with a body or a stream; the suite notes which, and passes both.
      .filter(([check]) => !['SUCCESS', 'INFO'].includes(through.get(check)?.status ?? 'absent'))
      .map(([check]) => ({ check, ...through.get(check) }));
    // A scenario that breaks off reports under another name why: without that a lost check says nothing.
    const instead = lost.length === 0 ? [] : [...through].filter(([check]) => !direct.has(check));
    expect({ lost, instead }).toEqual({ lost: [], instead: [] });
    expect(gateway().notices.filter(isError)).toEqual([]);
  });
});

function isError(notice: unknown): boolean {
  return isJsonObject(notice) && notice['kind'] === 'error';
}

function failures(result: SuiteResult): readonly unknown[] {
  return [...result].filter(([, { status }]) => status === 'FAILURE');
}
