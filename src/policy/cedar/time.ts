import { EvaluationError } from './evaluation-error.ts';
import { addLongs, type Long, subtractLongs, toLong } from './long.ts';

/** A point in time: milliseconds since the Unix epoch, without leap seconds. */
export class DateTime {
  readonly kind = 'datetime';
  readonly ms: Long;
  constructor(ms: Long) {
    this.ms = ms;
  }

  get key(): string {
    return String(this.ms);
  }
}

/** A length of time in milliseconds; may be negative. */
export class Duration {
  readonly kind = 'duration';
  readonly ms: Long;
  constructor(ms: Long) {
    this.ms = ms;
  }

  get key(): string {
    return String(this.ms);
  }
}

const DAY_MS = 86_400_000;
const UNIT_MS = [86_400_000n, 3_600_000n, 60_000n, 1_000n, 1n] as const;

/** Reads `1d2h3m4s5ms`, each part optional, a leading `-` allowed. Throws `EvaluationError`. */
export function parseDuration(text: string): Duration {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (!match || text === '' || text === '-' || text.length > 200) {
    throw new EvaluationError(`not a duration: \`${text.slice(0, 60)}\`; write it like \`1d2h3m4s5ms\``);
  }
  let size = 0n;
  for (const [i, unitMs] of UNIT_MS.entries()) size += BigInt(match[i + 2] ?? '0') * unitMs;
  return new Duration(toLong(match[1] === '-' ? -size : size, `duration \`${text.slice(0, 60)}\``));
}

/** Reads `2026-01-31`, or that with `T23:59:59`, optional `.999` and `Z` or `+0100`. Throws `EvaluationError`. */
export function parseDateTime(text: string): DateTime {
  const bad = () =>
    new EvaluationError(`not a date and time: \`${text.slice(0, 60)}\`; write it like \`2026-01-31T23:59:59Z\``);
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/.exec(
    text,
  );
  if (!match) throw bad();
  const field = (i: number) => Number(match[i] ?? '0');
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(field) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59 || field(9) > 23 || field(10) > 59) throw bad();
  // A Date rolls 31 February over to March: what it prints back tells. Its setter takes years below 100 literally.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw bad();
  const offsetMs = (field(9) * 60 + field(10)) * 60_000 * (match[8] === '-' ? -1 : 1);
  const ms = date.getTime() + (hour * 3600 + minute * 60 + second) * 1000 + field(7) - offsetMs;
  return new DateTime(ms === 0 ? 0 : ms);
}

/** The start of the day, UTC. */
export function startOfDay(time: DateTime): DateTime {
  return new DateTime(subtractLongs(time.ms, timeOfDay(time).ms));
}

/** The time since the start of the day, UTC. */
export function timeOfDay(time: DateTime): Duration {
  const rest = Number(BigInt(time.ms) % BigInt(DAY_MS));
  return new Duration(rest < 0 ? rest + DAY_MS : rest);
}

export function offsetTime(time: DateTime, by: Duration): DateTime {
  return new DateTime(addLongs(time.ms, by.ms));
}

export function durationSince(time: DateTime, since: DateTime): Duration {
  return new Duration(subtractLongs(time.ms, since.ms));
}
