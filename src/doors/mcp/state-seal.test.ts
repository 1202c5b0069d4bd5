import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { StateSeal } from './state-seal.ts';

const binding = { caller: 'a', server: 's', callable: 'tool', arguments: { x: 1 } };
const open = () => {
  let nowMs = 1_000_000;
  const clock: Clock = { ...systemClock, nowMs: () => nowMs };
  return { seal: new StateSeal(clock, new Uint8Array(32).fill(1)), pass: (ms: number) => (nowMs += ms) };
};

describe('StateSeal', () => {
  it('gives the server its own state back, byte by byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (state) => {
        const { seal } = open();
        expect(seal.open(seal.seal(state, binding), binding)?.state).toBe(state);
      }),
    );
  });

  it('is opened once', () => {
    const { seal } = open();
    const sealed = seal.seal('state', binding);
    expect(seal.open(sealed, binding)?.state).toBe('state');
    expect(seal.open(sealed, binding)).toBeUndefined();
  });

  it('is opened again where it was given back, once, and for longer than before', () => {
    const { seal, pass } = open();
    const sealed = seal.seal('state', binding);
    pass(limits.mcpStateMs - 1);
    const opened = seal.open(sealed, binding);
    expect(seal.open(sealed, binding)).toBeUndefined();
    opened?.giveBack();
    pass(limits.mcpStateWaitMs - 1);
    expect(seal.open(sealed, { ...binding, caller: 'b' })).toBeUndefined();
    expect(seal.open(sealed, binding)?.state).toBe('state');
    pass(limits.mcpStateMs);
    expect(seal.open(sealed, binding)).toBeUndefined();
  });

  it('stays spent after it was given back and opened again, however old it is', () => {
    const { seal, pass } = open();
    const sealed = seal.seal('state', binding);
    seal.open(sealed, binding)?.giveBack();
    seal.open(sealed, binding);
    for (let n = 0; n < 3; n++) {
      pass(limits.mcpStateMs + 1);
      seal.open(seal.seal('another', binding), binding);
      expect(seal.open(sealed, binding)).toBeUndefined();
    }
  });

  it.each([
    ['another caller', { ...binding, caller: 'b' }],
    ['another server', { ...binding, server: 't' }],
    ['another tool', { ...binding, callable: 'other' }],
    ['other arguments', { ...binding, arguments: { x: 2 } }],
  ])('is not opened for %s', (_, other) => {
    const { seal } = open();
    expect(seal.open(seal.seal('state', binding), other)).toBeUndefined();
  });

  it('is not opened after its time', () => {
    const { seal, pass } = open();
    const sealed = seal.seal('state', binding);
    pass(limits.mcpStateMs + 1);
    expect(seal.open(sealed, binding)).toBeUndefined();
  });

  it('is not opened when a byte was changed, added or taken away', () => {
    const { seal } = open();
    const sealed = seal.seal('state', binding);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'b', '9', '_', ''), (at, character) => {
        const forged = sealed.slice(0, at) + character + sealed.slice(at + 1);
        fc.pre(forged !== sealed);
        expect(seal.open(forged, binding)).toBeUndefined();
      }),
    );
    expect(seal.open(`${sealed}-TAMPERED`, binding)).toBeUndefined();
    expect(seal.open('', binding)).toBeUndefined();
  });
});
