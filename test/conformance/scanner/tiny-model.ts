/**
 * The bytes of a text classifier in ONNX form, written by hand: each piece has two numbers, and a text has the largest
 * that its pieces have. Needs nothing to be made, and any runtime can run it.
 */
export function writeTinyModel(weights: readonly (readonly [number, number])[]): Uint8Array {
  const table = new DataView(new ArrayBuffer(weights.length * 8));
  for (const [row, pair] of weights.entries())
    for (const [column, value] of pair.entries()) table.setFloat32((row * 2 + column) * 4, value, true);
  const initializer = concat([
    ...[number(1, weights.length), number(1, 2), number(2, FLOAT), text(8, 'table')],
    bytes(9, new Uint8Array(table.buffer)),
  ]);
  const graph = concat([
    bytes(1, node('Gather', ['table', 'input_ids'], ['values'], [integer('axis', 0)])),
    bytes(1, node('ReduceMax', ['values'], ['logits'], [integers('axes', [1]), integer('keepdims', 0)])),
    text(2, 'tiny'),
    bytes(5, initializer),
    bytes(11, value('input_ids', INT64, ['texts', 'pieces'])),
    bytes(11, value('attention_mask', INT64, ['texts', 'pieces'])),
    bytes(12, value('logits', FLOAT, ['texts', 2])),
  ]);
  return concat([number(1, 8), text(2, 'chaperone'), bytes(7, graph), bytes(8, concat([text(1, ''), number(2, 13)]))]);
}

const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

const node = (operator: string, inputs: string[], outputs: string[], attributes: Uint8Array[]): Uint8Array =>
  concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...attributes.map((attribute) => bytes(5, attribute)),
  ]);

const integer = (name: string, of: number): Uint8Array =>
  concat([text(1, name), number(3, of), number(20, ATTRIBUTE_INT)]);
const integers = (name: string, of: readonly number[]): Uint8Array =>
  concat([text(1, name), ...of.map((one) => number(8, one)), number(20, ATTRIBUTE_INTS)]);

function value(name: string, type: number, dims: readonly (string | number)[]): Uint8Array {
  const shape = concat(dims.map((dim) => bytes(1, typeof dim === 'string' ? text(2, dim) : number(1, dim))));
  return concat([text(1, name), bytes(2, bytes(1, concat([number(1, type), bytes(2, shape)])))]);
}

// The wire format of protocol buffers: a field is its number and how it is written, then its value.
const number = (field: number, of: number): Uint8Array => concat([varint(field << 3), varint(of)]);
const bytes = (field: number, of: Uint8Array): Uint8Array => concat([varint((field << 3) | 2), varint(of.length), of]);
const text = (field: number, of: string): Uint8Array => bytes(field, new TextEncoder().encode(of));

function varint(of: number): Uint8Array {
  const out: number[] = [];
  for (let rest = of; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...out, rest]);
    out.push((rest % 128) | 128);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
