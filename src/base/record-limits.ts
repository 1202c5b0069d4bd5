/** What bounds the ledger, its witnesses and copies, and what steps of models name. Part of `limits`. */
export const recordLimits = {
  /** Versions of prompt templates that a configuration names. */
  promptTemplates: 500,
  /** Events that one checkpoint takes in at most; what is left waits for the next, which follows at once. */
  ledgerEvents: 65_536,
  /** Events of the record that are taken up at a time, before others on the same thread get their turn. */
  ledgerSlice: 128,
  /** How often a checkpoint is signed at most, while events arrive. */
  ledgerEveryMs: 1_000,
  /** How long a key of the ledger goes on signing beside the one that replaced it. */
  ledgerOverlapMs: 7 * 24 * 3_600_000,
  /** How long a witness is given to answer; checkpoints wait for it, calls never do. */
  witnessTimeoutMs: 2_000,
  /** Characters of steps and content that an agent may have recorded of its own run within `reportedMs`. */
  reportedChars: 16_777_216,
  /** The time in which those are counted. */
  reportedMs: 3_600_000,
  /** How long the process that has the keys of a ledger is given to answer. */
  signerTimeoutMs: 5_000,
  /** How long a witness that failed is left alone. */
  witnessPauseMs: 30_000,
  /** Bytes of one request to a witness, and of its answer. */
  witnessBytes: 65_536,
  /** Witnesses that a ledger asks. */
  witnesses: 16,
  /** Copies of a ledger. */
  ledgerCopies: 8,
  /** How often a copy of the ledger is brought up to the last checkpoint at most. */
  copyEveryMs: 10_000,
  /** Entries of a ledger that are copied at a time, before others on the same thread get their turn. */
  copySlice: 4_096,
  /** Files that are written to a copy of the ledger at the same time. */
  copyAtOnce: 8,
  /** How long a bucket is given to take or hand over one object. */
  copyTimeoutMs: 30_000,
  /** Bytes of one object of a copy, or of one page of a list of them. */
  copyAnswerBytes: 33_554_432,
  /** How long a copy that could not be written is left alone at first, and then twice as long each time. */
  copyRetryMs: 500,
  /** How long a copy that could not be written is left alone at most. */
  copyPauseMs: 60_000,
} as const;
