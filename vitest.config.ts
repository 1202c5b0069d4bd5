import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// What gateways of tests remember stays out of the home folder of whoever runs them.
const env = { XDG_STATE_HOME: join(tmpdir(), `chaperone-tests-${userInfo().uid}`) };

const project = (name: string, include: string[], testTimeout = 20_000) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, env },
});

export default defineConfig({
  test: {
    // Two cores: more workers than that only make the real servers of the end-to-end tests late.
    maxWorkers: 2,
    projects: [
      project('unit', ['src/**/*.test.ts', 'bench/**/*.test.ts']),
      project('tidy', ['test/tidy/**/*.test.ts']),
      project('docs', ['test/docs/*.test.ts'], 120_000),
      project('snippets', ['test/docs/executed/*.test.ts'], 120_000),
      project('laws', ['test/laws/**/*.test.ts'], 60_000),
      project('vectors', ['test/vectors/**/*.test.ts']),
      project('attacks', ['test/attacks/**/*.test.ts'], 60_000),
      project('differential', ['test/differential/**/*.test.ts'], 60_000),
      project('simulation', ['test/simulation/**/*.test.ts'], 120_000),
      project('conformance', ['test/conformance/**/*.test.ts'], 300_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 180_000),
    ],
  },
});
