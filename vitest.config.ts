import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// What gateways of tests remember stays out of the home folder of whoever runs them.
const env = { XDG_STATE_HOME: join(tmpdir(), `chaperone-tests-${userInfo().uid}`) };

// A time-out ends what hangs; it measures nothing, so it leaves room for a machine that has much else to do.
const project = (name: string, include: string[], testTimeout = 60_000, more = {}) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, env, ...more },
});

const OFFICIAL = 'test/conformance/mcp/gateway-conformance.test.ts';
// The official suite has clocks of its own, down to half a second an answer: what it is shown has the machine to itself.
const alone = { sequence: { groupOrder: 1 }, maxWorkers: 1 };

// These keep nothing between files: one process for many of them reads the code once.
const together = { isolate: false };

export default defineConfig({
  test: {
    // Two cores: more workers than that only make the real servers of the end-to-end tests late.
    maxWorkers: 2,
    projects: [
      project('unit', ['src/**/*.test.ts', 'bench/**/*.test.ts'], 60_000, together),
      project('tidy', ['test/tidy/**/*.test.ts'], 60_000, together),
      project('docs', ['test/docs/*.test.ts'], 120_000, together),
      project('snippets', ['test/docs/executed/*.test.ts'], 120_000),
      project('laws', ['test/laws/**/*.test.ts'], 60_000, together),
      project('vectors', ['test/vectors/**/*.test.ts'], 60_000, together),
      project('attacks', ['test/attacks/**/*.test.ts'], 60_000, together),
      project('differential', ['test/differential/**/*.test.ts'], 60_000),
      project('simulation', ['test/simulation/**/*.test.ts'], 120_000),
      project('conformance', ['test/conformance/**/*.test.ts'], 300_000, { exclude: [OFFICIAL] }),
      project('official', [OFFICIAL], 600_000, alone),
      project('escape', ['test/escape/**/*.test.ts'], 120_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 180_000),
    ],
  },
});
