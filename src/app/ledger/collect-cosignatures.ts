import type { Clock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { parseNote, printSignature, verifyNote } from '../../ledger/note.ts';
import type { Witness } from '../../ports/ledger.ts';
import type { Integrator, Published } from './integrator.ts';

export interface Collected {
  /** Signature lines that hold, one of each witness that has seen the checkpoint. */
  readonly lines: readonly string[];
  readonly problems: readonly Fault[];
}

/** How often a witness may answer that it is somewhere else before it is left alone. */
const ATTEMPTS = 3;

/** What is known of a witness. */
interface Standing {
  readonly witness: Witness;
  /** The size of the tree it signed last. */
  size: number;
  /** What it signed last, and how. */
  signed?: { readonly text: string; readonly line: string };
  /** On the monotonic clock: until when it is left alone. */
  pausedUntilMs: number;
}

/** Shows checkpoints to witnesses, and remembers how far each of them is. */
export class Cosigners {
  readonly #clock: Clock;
  readonly #standings: readonly Standing[];

  constructor(witnesses: readonly Witness[], clock: Clock) {
    this.#clock = clock;
    this.#standings = witnesses.map((witness) => ({ witness, size: 0, pausedUntilMs: 0 }));
  }

  /** Asks every witness that has not signed what is published. Never throws. */
  async collect(integrator: Integrator, published: Published): Promise<Collected> {
    const problems: Fault[] = [];
    await Promise.all(
      this.#standings.map(async (standing) => {
        if (standing.signed?.text === published.text || this.#clock.monotonicMs() < standing.pausedUntilMs) return;
        try {
          standing.signed = { text: published.text, line: await ask(standing, integrator, published) };
        } catch (error) {
          standing.size = 0; // what it said of itself may be what was wrong: next time it is asked again
          standing.pausedUntilMs = this.#clock.monotonicMs() + limits.witnessPauseMs;
          problems.push(toFault(error, 'E_WITNESS', `the witness ${standing.witness.key.name} could not be asked`));
        }
      }),
    );
    const lines = this.#standings.flatMap(({ signed }) => (signed?.text === published.text ? [signed.line] : []));
    return { lines, problems };
  }
}

async function ask(standing: Standing, integrator: Integrator, { text, checkpoint }: Published): Promise<string> {
  const { witness } = standing;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const oldSize = standing.size;
    if (oldSize > checkpoint.size) {
      throw new Fault('E_WITNESS', `the witness ${witness.key.name} has signed a longer history of this ledger`);
    }
    const proof = await integrator.proveSince(oldSize);
    const answer = await witness.addCheckpoint({ oldSize, proof, checkpoint: text });
    if (!answer.ok) {
      standing.size = answer.lastSize;
      continue;
    }
    standing.size = checkpoint.size;
    return takeSignature(checkpoint.note.text, answer.lines, witness);
  }
  throw new Fault('E_WITNESS', `the witness ${witness.key.name} does not say where it is`);
}

/** The witness's own signature out of its answer, if it holds; whatever else it sent is left out. */
function takeSignature(text: string, lines: string, { key }: Witness): string {
  try {
    const note = parseNote(`${text}\n${lines}`);
    const signature = note.signatures.find(({ name, keyId }) => name === key.name && keyId === key.id);
    if (signature !== undefined && verifyNote(note, [key]).length === 1) return printSignature(key, signature.bytes);
  } catch (error) {
    throw new Fault('E_WITNESS', `the witness ${key.name} answered with a signature that does not hold`, {
      cause: error,
    });
  }
  throw new Fault('E_WITNESS', `the witness ${key.name} did not sign with the key that is configured`);
}
