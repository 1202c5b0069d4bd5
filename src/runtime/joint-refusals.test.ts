import { expect, it } from 'vitest';
import { limits } from '../base/limits.ts';
import { JointRefusals } from './joint-refusals.ts';

/** A wait that ends when it is told to, or when there is nothing more to wait for. */
function openWaits() {
  const ends: (() => void)[] = [];
  const wait = (_ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      ends.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { wait, ends };
}

it('lets those that come while the first waits share its record, and begins anew after it', async () => {
  const { wait, ends } = openWaits();
  const joint = new JointRefusals<readonly string[]>(wait);
  const record = async (callIds: readonly string[]) => [...callIds];
  const waiting = [joint.join('a', '1', record), joint.join('a', '2', record), joint.join('b', '3', record)];
  for (const end of ends) end();
  expect(await Promise.all(waiting)).toEqual([['2'], ['2'], []]);
  const next = joint.join('a', '4', record);
  ends.at(-1)?.();
  expect(await next).toEqual([]);
});

it('does not wait for more than fit, and takes no one in twice', async () => {
  const { wait, ends } = openWaits();
  const joint = new JointRefusals<readonly string[]>(wait);
  const ids = Array.from({ length: limits.refusalsTogether + 1 }, (_, i) => String(i));
  const waiting = ids.map((id) => joint.join('a', id, async (callIds) => [id, ...callIds]));
  expect(await waiting[0]).toEqual(ids.slice(0, -1));
  ends.at(-1)?.();
  expect(await waiting.at(-1)).toEqual(ids.slice(-1));
});

it('gives everyone the fault of the record they share', async () => {
  const { wait, ends } = openWaits();
  const joint = new JointRefusals<never>(wait);
  const fail = () => Promise.reject(new Error('no'));
  const waiting = [joint.join('a', '1', fail), joint.join('a', '2', fail)];
  ends[0]?.();
  expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
