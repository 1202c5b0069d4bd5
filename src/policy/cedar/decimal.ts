import { EvaluationError } from './evaluation-error.ts';
import { type Long, toLong } from './long.ts';

/** A fixed-point number with four digits after the point, held as ten-thousandths. */
export class Decimal {
  readonly kind = 'decimal';
  readonly units: Long;
  constructor(units: Long) {
    this.units = units;
  }

  get key(): string {
    return String(this.units);
  }

  /** As the constructor `decimal` reads it. */
  toString(): string {
    const units = BigInt(this.units);
    const digits = (units < 0n ? -units : units).toString().padStart(5, '0');
    return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
  }
}

/** Reads `12.34`: digits on both sides of the point, at most four after it. Throws `EvaluationError`. */
export function parseDecimal(text: string): Decimal {
  const match = /^(-?)0*(\d+)\.(\d+)$/.exec(text);
  if (!match) throw new EvaluationError(`not a decimal: ${quote(text)}; write it like \`12.34\``);
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > 4)
    throw new EvaluationError(`a decimal has at most four digits after the point: ${quote(text)}`);
  if (whole.length > 19) throw new EvaluationError(`integer overflow: decimal ${quote(text)}`);
  const size = BigInt(whole) * 10_000n + BigInt(fraction.padEnd(4, '0'));
  return new Decimal(toLong(sign === '-' ? -size : size, `decimal ${quote(text)}`));
}

/** The decimal that is exactly `value` as JSON prints it, or undefined where four digits do not hold it. */
export function decimalOfNumber(value: number): Decimal | undefined {
  const text = JSON.stringify(value);
  if (!/^-?\d{1,15}(\.\d{1,4})?$/.test(text)) return undefined;
  try {
    return parseDecimal(text.includes('.') ? text : `${text}.0`);
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

function quote(text: string): string {
  return `\`${text.slice(0, 60)}\``;
}
