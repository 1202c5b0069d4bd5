/**
 * A meter counts what was taken: calls, bytes, tokens. Without a window it counts for ever. With one it counts in slots of
 * a sixtieth of the window, and a slot counts until all of it is older than the window: in no span of that length is more
 * taken than the maximum, and up to a sixtieth of it later than it might be something is free again.
 */
export interface MeterTake {
  /** `calls/run:run_1`. One meter is always used with one window. */
  readonly meter: string;
  /** A whole number. Taking nothing requires that something is left. */
  readonly amount: number;
  /** No more than this is ever taken at a time. Absent: what is taken has happened already, and is only counted. */
  readonly max?: number;
  readonly windowMs?: number;
  /** Take less than `amount` where not so much is left, but no less than this. */
  readonly atLeast?: number;
  /** What it is called where it is refused: `calls of this run`. */
  readonly name: string;
  readonly code: 'E_BUDGET' | 'E_RATE' | 'E_APPROVAL_FLOOD';
}

/** Returns part of what was taken at `takenAtMs`. What has been counted anew since is not given back. */
export interface MeterGive {
  readonly meter: string;
  readonly amount: number;
  readonly windowMs?: number;
  readonly takenAtMs: number;
}

/** What was taken in each slot, the oldest first. */
export type MeterSlots = readonly (readonly [slot: number, taken: number])[];

export type MeterAnswer =
  | { readonly ok: true; readonly slots: MeterSlots; readonly taken: number }
  /** `retryAfterMs`: when so much will be free, if nobody takes any of it. Absent: never. */
  | { readonly ok: false; readonly used: number; readonly retryAfterMs?: number };

const SLOTS_PER_WINDOW = 60;

/** Takes from a meter, or says why not. */
export function takeFromMeter(stored: MeterSlots, take: MeterTake, nowMs: number): MeterAnswer {
  const { amount, max, windowMs } = take;
  const slots = slotsThatCount(stored, windowMs, nowMs);
  const used = sum(slots);
  let taken = amount;
  if (max !== undefined) {
    const left = max - used;
    const least = take.atLeast ?? amount;
    if (left < Math.max(1, least)) return refuse(slots, take, used, nowMs);
    taken = Math.min(amount, left);
  }
  return { ok: true, slots: taken === 0 ? stored : add(slots, slotAt(windowMs, nowMs), taken), taken };
}

/** Gives back to the slot it was taken in, as far as that slot still counts it. */
export function giveToMeter(slots: MeterSlots, { amount, windowMs, takenAtMs }: MeterGive): MeterSlots {
  const slot = slotAt(windowMs, takenAtMs);
  return slots
    .map(([at, taken]): readonly [number, number] => [at, at === slot ? Math.max(0, taken - amount) : taken])
    .filter(([, taken]) => taken > 0);
}

/** How much of a meter is used now. */
export function readMeter(slots: MeterSlots, windowMs: number | undefined, nowMs: number): number {
  return sum(slotsThatCount(slots, windowMs, nowMs));
}

function slotAt(windowMs: number | undefined, atMs: number): number {
  return windowMs === undefined ? 0 : Math.floor(atMs / slotMs(windowMs));
}

const slotMs = (windowMs: number): number => Math.max(1, Math.ceil(windowMs / SLOTS_PER_WINDOW));

/**
 * A clock that was set back must not give anything back, nor keep it for as long as the clock was ahead: what is dated
 * later than the next slot counts as if it had just been taken, for a whole window from now.
 */
function slotsThatCount(slots: MeterSlots, windowMs: number | undefined, nowMs: number): MeterSlots {
  if (windowMs === undefined) return slots;
  const current = slotAt(windowMs, nowMs);
  const [only] = slots;
  if (only === undefined || (slots.length === 1 && only[0] >= current - SLOTS_PER_WINDOW && only[0] <= current + 1))
    return slots;
  const live = slots.filter(([at]) => at >= current - SLOTS_PER_WINDOW);
  const ahead = live.filter(([at]) => at > current + 1);
  if (ahead.length === 0) return live;
  return add(
    live.filter(([at]) => at <= current + 1),
    current + 1,
    sum(ahead),
  );
}

function add(slots: MeterSlots, slot: number, amount: number): MeterSlots {
  const [first] = slots;
  if (slots.length === 1 && first?.[0] === slot) return [[slot, plus(first[1], amount)]];
  const others = slots.filter(([at]) => at !== slot);
  const held = slots.find(([at]) => at === slot)?.[1] ?? 0;
  return [...others, [slot, plus(held, amount)] as const].sort(([a], [b]) => a - b);
}

function refuse(slots: MeterSlots, take: MeterTake, used: number, nowMs: number): MeterAnswer {
  const { amount, max = 0, windowMs } = take;
  const wanted = Math.max(1, take.atLeast ?? amount);
  if (windowMs === undefined || wanted > max) return { ok: false, used };
  let left = max - used;
  for (const [at, taken] of slots) {
    left += taken;
    if (left < wanted) continue;
    const freeAtMs = (at + SLOTS_PER_WINDOW + 1) * slotMs(windowMs);
    return { ok: false, used, retryAfterMs: Math.max(1, Math.ceil(freeAtMs - nowMs)) };
  }
  return { ok: false, used };
}

const plus = (a: number, b: number): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);
const sum = (slots: MeterSlots): number => slots.reduce((total, [, taken]) => plus(total, taken), 0);
