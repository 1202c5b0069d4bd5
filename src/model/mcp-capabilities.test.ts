import { describe, expect, it } from 'vitest';
import { readClientCapabilities } from './mcp-capabilities.ts';

describe('the capabilities of an MCP client', () => {
  it.each([
    ['nothing', undefined, {}],
    ['no object', ['elicitation'], {}],
    [
      'everything that is known',
      { elicitation: { form: {}, url: {} }, sampling: { context: {}, tools: {} }, roots: { listChanged: true } },
      { elicitation: { form: {}, url: {} }, sampling: { context: {}, tools: {} }, roots: { listChanged: true } },
    ],
    [
      'a capability without features',
      { elicitation: {}, sampling: {}, roots: {} },
      { elicitation: {}, sampling: {}, roots: {} },
    ],
    [
      'free data in a capability',
      { elicitation: { x: 'data' }, roots: { data: ['x'] } },
      { elicitation: {}, roots: {} },
    ],
    [
      'free data in a feature',
      { elicitation: { form: { x: 'data' } }, roots: { listChanged: 'data' } },
      { elicitation: { form: {} }, roots: {} },
    ],
    ['what is no capability', { elicitation: 'data', sampling: ['data'], roots: true }, {}],
    ['what is not known', { experimental: { x: {} }, extensions: { 'com.example/x': {} }, tasks: {} }, {}],
  ])('are read from %s', (_, declared, expected) => {
    expect(readClientCapabilities(declared)).toEqual(expected);
  });
});
