import { Decimal, parseDecimal } from './decimal.ts';
import { typeError } from './evaluation-error.ts';
import { IpAddress, parseIpAddress } from './ip-address.ts';
import { divideLong } from './long.ts';
import {
  DateTime,
  Duration,
  durationSince,
  offsetTime,
  parseDateTime,
  parseDuration,
  startOfDay,
  timeOfDay,
} from './time.ts';
import { typeOf, type Value } from './value.ts';

/** A function of a Cedar extension; a method's receiver is its first argument. Throws `EvaluationError`. */
export interface ExtensionFunction {
  readonly arity: 1 | 2;
  apply(first: Value, second: Value): Value;
}

function asText(value: Value): string {
  if (typeof value !== 'string') throw typeError('string', typeOf(value));
  return value;
}
function asDecimal(value: Value): Decimal {
  if (!(value instanceof Decimal)) throw typeError('decimal', typeOf(value));
  return value;
}
function asIp(value: Value): IpAddress {
  if (!(value instanceof IpAddress)) throw typeError('ipaddr', typeOf(value));
  return value;
}
function asDateTime(value: Value): DateTime {
  if (!(value instanceof DateTime)) throw typeError('datetime', typeOf(value));
  return value;
}
function asDuration(value: Value): Duration {
  if (!(value instanceof Duration)) throw typeError('duration', typeOf(value));
  return value;
}

const unary = (apply: (value: Value) => Value): ExtensionFunction => ({ arity: 1, apply });
const binary = (apply: (first: Value, second: Value) => Value): ExtensionFunction => ({ arity: 2, apply });

/** Every function of the extensions decimal, ipaddr, datetime and duration. */
export const extensionFunctions = {
  decimal: unary((text) => parseDecimal(asText(text))),
  lessThan: binary((a, b) => asDecimal(a).units < asDecimal(b).units),
  lessThanOrEqual: binary((a, b) => asDecimal(a).units <= asDecimal(b).units),
  greaterThan: binary((a, b) => asDecimal(a).units > asDecimal(b).units),
  greaterThanOrEqual: binary((a, b) => asDecimal(a).units >= asDecimal(b).units),

  ip: unary((text) => parseIpAddress(asText(text))),
  isIpv4: unary((ip) => asIp(ip).version === 4),
  isIpv6: unary((ip) => asIp(ip).version === 6),
  isLoopback: unary((ip) => asIp(ip).isLoopback),
  isMulticast: unary((ip) => asIp(ip).isMulticast),
  isInRange: binary((ip, range) => asIp(ip).isInRange(asIp(range))),

  datetime: unary((text) => parseDateTime(asText(text))),
  duration: unary((text) => parseDuration(asText(text))),
  offset: binary((time, by) => offsetTime(asDateTime(time), asDuration(by))),
  durationSince: binary((time, since) => durationSince(asDateTime(time), asDateTime(since))),
  toDate: unary((time) => startOfDay(asDateTime(time))),
  toTime: unary((time) => timeOfDay(asDateTime(time))),
  toMilliseconds: unary((length) => asDuration(length).ms),
  toSeconds: unary((length) => divideLong(asDuration(length).ms, 1_000)),
  toMinutes: unary((length) => divideLong(asDuration(length).ms, 60_000)),
  toHours: unary((length) => divideLong(asDuration(length).ms, 3_600_000)),
  toDays: unary((length) => divideLong(asDuration(length).ms, 86_400_000)),
} as const satisfies Record<string, ExtensionFunction>;

export type ExtensionName = keyof typeof extensionFunctions;
