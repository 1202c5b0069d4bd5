import type { Duplex } from 'node:stream';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';

/**
 * Takes bytes off a stream until they are enough, and leaves it paused. Rejects with a `Fault` E_EGRESS_TLS where the
 * stream ends, breaks or takes too long before, counted from when this was called: a byte at a time is no way to stay.
 */
export function readFirstBytes(stream: Duplex, isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let gathered: Buffer = Buffer.alloc(0);
    const settle = () => {
      clearTimeout(timer);
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('close', onEnd);
      stream.pause();
    };
    const fail = (why: string) => {
      settle();
      reject(new Fault('E_EGRESS_TLS', why));
    };
    const onData = (chunk: Buffer) => {
      gathered = gathered.length === 0 ? chunk : Buffer.concat([gathered, chunk]);
      if (gathered.length > limits.egressHelloBytes + 16_384)
        return fail('too much was said before it was clear what it is');
      if (!isEnough(gathered)) return;
      settle();
      resolve(gathered);
    };
    const onEnd = () => fail('it ended before it was clear what it is');
    const timer = setTimeout(() => fail('it took too long to say what it is'), limits.egressHeadMs);
    stream.on('data', onData);
    stream.once('end', onEnd);
    stream.once('close', onEnd);
    stream.resume();
  });
}
