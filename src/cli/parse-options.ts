import { InvalidArgumentError } from 'commander';

export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is 0 to 65535');
  return port;
}

export function parseUserId(text: string): number {
  const uid = Number(text);
  if (!Number.isInteger(uid) || uid < 0) throw new InvalidArgumentError('a user id is a whole number');
  return uid;
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1_000) throw new InvalidArgumentError('a count is 0 to 1000');
  return count;
}

export function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 36_500) throw new InvalidArgumentError('days are 1 to 36500');
  return days;
}

export function parseSeq(text: string): number {
  const seq = Number(text);
  if (!Number.isSafeInteger(seq) || seq < 1) throw new InvalidArgumentError('an event’s number is 1 or more');
  return seq;
}
