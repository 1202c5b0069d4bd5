import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bug } from '../../src/base/assert.ts';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../../src/base/json.ts';

/** Canonical JSON in its plainest form, as it was first written: what the fast one is measured against. */
function plainCanonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(plainCanonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const member = (key: string) => `${JSON.stringify(key)}:${plainCanonicalJson(value[key] as JsonValue)}`;
  return `{${Object.keys(value).sort().map(member).join(',')}}`;
}

/** The number whose IEEE 754 bits these are. */
function fromBits(hex: string): number {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(`0x${hex}`));
  return bytes.getFloat64(0);
}

describe('canonical JSON, RFC 8785', () => {
  // appendix B
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('prints the number %s as %s', (bits, text) => {
    expect(canonicalJson(fromBits(bits))).toBe(text);
    expect(canonicalJson({ n: [fromBits(bits)] })).toBe(`{"n":[${text}]}`);
  });

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('takes no number of %s', (bits) => {
    expect(() => canonicalJson([fromBits(bits)])).toThrow(Bug);
  });

  it('is the example of section 3.2.2', () => {
    const value = JSON.parse(`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`);
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts keys by UTF-16 code unit, as in section 3.2.3', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const value = Object.fromEntries(names.map((name) => [name, 0]));
    expect(canonicalJson(value)).toBe(`{${sorted.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`);
    const many = Object.fromEntries([...names, ...'zyxwvutsrqponmlkjihg'].map((name) => [name, 0]));
    expect(Object.keys(JSON.parse(canonicalJson(many))).length).toBe(27);
    expect(canonicalJson(many)).toBe(plainCanonicalJson(many));
  });

  it('keeps numerals in the order of their characters, not of their numbers', () => {
    expect(canonicalJson({ '10': 0, '9': 0, '1': 0, '01': 0, '': 0 })).toBe('{"":0,"01":0,"1":0,"10":0,"9":0}');
  });

  it('escapes every control character as ECMAScript does, and nothing else', () => {
    for (let unit = 0; unit < 0x300; unit++) {
      const text = String.fromCharCode(unit);
      expect(canonicalJson(text)).toBe(JSON.stringify(text));
      expect(canonicalJson({ [text]: `a${text}` })).toBe(`{${JSON.stringify(text)}:${JSON.stringify(`a${text}`)}}`);
    }
    expect(canonicalJson('\u2028\u2029\ufeff\uffff')).toBe('"\u2028\u2029\ufeff\uffff"');
  });
});

describe('canonical JSON', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 60, maxLength: 70 }));
  const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
  const { value: json } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom(null, true, false),
      number,
      text,
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(fc.oneof(text, fc.nat().map(String)), tie('value'), { maxKeys: 24 }),
    ),
  }));

  it('is byte for byte what its plain form gives', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(plainCanonicalJson(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives equal texts for equal values in whatever order, and stays the same when it is read back', () => {
    fc.assert(
      fc.property(json, (value) => {
        const written = canonicalJson(value);
        expect(canonicalJson(JSON.parse(written))).toBe(written);
        if (!isJsonObject(value)) return;
        const turned: JsonObject = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(written);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['half of a pair', '\ud83d'],
    ['half of a pair in a long string', `${'x'.repeat(100)}\udc00`],
    ['half of a pair in a key', { 'a\ud83d': 1 }],
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole', new Array(2)],
    ['a function', { toJSON: () => 1 }],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
  ])('takes no %s', (_, value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(Bug); // against its type on purpose
  });

  it('is right for more keys than it remembers', () => {
    for (let i = 0; i < 5_000; i++) expect(canonicalJson({ [`k"${i}`]: i, a: 0 })).toBe(`{"a":0,"k\\"${i}":${i}}`);
  });
});
