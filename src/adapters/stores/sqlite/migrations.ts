import type { Migration } from './migrate.ts';
import { postAll } from './post-all.ts';

/** Kinds that an index on the others left out, while there was one. */
const COMMON_KINDS = [
  'run.started',
  'run.planned',
  'run.ended',
  'content.ingested',
  'model.step',
  'usage.reported',
  'call.refused',
  'call.asked',
  'call.intended',
  'call.completed',
  'answer.released',
  'credential.leased',
  'credential.revoked',
  'egress.opened',
  'egress.passed',
  'egress.refused',
  'egress.ended',
  'egress.closed',
  'history.recorded',
];

/**
 * The schema, as the steps that led to it: step n takes a file from version n to n + 1, in one transaction. A released
 * step is never edited; a new one is added below it.
 *
 * Times are REAL: SQLite keeps whole numbers in it as compactly as integers, and a clock may give fractions.
 * An index on `events` holds `seq` last by itself (it is the row id), so each serves "newest of …" without sorting.
 * There is none on time: `moments` says where to look. Of all else but run and call, `postings` do.
 */
export const migrations: readonly Migration[] = [
  `
  CREATE TABLE owner (only INTEGER PRIMARY KEY CHECK (only = 1), pid INTEGER NOT NULL) STRICT;

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    run_id TEXT,
    call_id TEXT,
    agent TEXT,
    tool TEXT,
    at_ms REAL NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_tenant ON events (tenant);
  CREATE INDEX events_by_run ON events (run_id) WHERE run_id IS NOT NULL;
  CREATE INDEX events_by_call ON events (call_id) WHERE call_id IS NOT NULL;
  CREATE INDEX events_by_agent ON events (tenant, agent) WHERE agent IS NOT NULL;
  CREATE INDEX events_by_tool ON events (tenant, tool) WHERE tool IS NOT NULL;
  CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TRIGGER events_are_appended_without_gaps BEFORE INSERT ON events
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
  BEGIN SELECT RAISE(ABORT, 'events are appended without gaps'); END;

  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    agent TEXT NOT NULL,
    expires_at_ms REAL NOT NULL,
    ended_at_ms REAL,
    label TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT;

  CREATE TABLE intents (
    call_id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    run_id TEXT NOT NULL,
    opened_at_ms REAL NOT NULL,
    ran TEXT CHECK (ran IN ('yes', 'no', 'unknown')),
    closed_at_ms REAL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX intents_open ON intents (opened_at_ms, call_id) WHERE ran IS NULL;

  CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    agent TEXT NOT NULL,
    run_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'consumed', 'expired')),
    nonce TEXT NOT NULL,
    call_digest TEXT NOT NULL,
    asked_at_ms REAL NOT NULL,
    expires_at_ms REAL NOT NULL,
    answered_by TEXT,
    answered_at_ms REAL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX approvals_by_state ON approvals (tenant, state, asked_at_ms, id);
  CREATE INDEX approvals_pending ON approvals (run_id, expires_at_ms) WHERE state = 'pending';

  CREATE TABLE isolations (scope TEXT PRIMARY KEY, reason TEXT NOT NULL, at_ms REAL NOT NULL) STRICT;

  CREATE TABLE bundles (digest TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE active_bundle (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    digest TEXT NOT NULL,
    at_ms REAL NOT NULL
  ) STRICT;

  CREATE TABLE pins (tool TEXT PRIMARY KEY, pin TEXT NOT NULL, record TEXT NOT NULL, at_ms REAL NOT NULL) STRICT;
  `,
  // Several processes may have the file open. An id is never used again: intents refer to it for ever.
  `
  DROP TABLE owner;
  CREATE TABLE instances (id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL) STRICT;
  ALTER TABLE intents ADD COLUMN instance INTEGER;
  `,
  // What agents wrote with nobody vouching for it. Read in the order of `seq`, never removed.
  `
  CREATE TABLE written (
    seq INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    object TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at_ms REAL NOT NULL,
    UNIQUE (tenant, object)
  ) STRICT;
  CREATE INDEX written_by_tenant ON written (tenant, seq);
  `,
  // Which of them activated the bundle that is active.
  'ALTER TABLE active_bundle ADD COLUMN instance INTEGER',
  // What a run says is sealed with a key of its own, which is erased with it. Runs and events from before have none.
  `
  ALTER TABLE runs ADD COLUMN key TEXT;
  ALTER TABLE runs ADD COLUMN user TEXT;
  ALTER TABLE runs ADD COLUMN erased_at_ms REAL;
  CREATE INDEX runs_by_user ON runs (tenant, user, expires_at_ms) WHERE user IS NOT NULL;
  CREATE INDEX runs_by_age ON runs (tenant, expires_at_ms) WHERE erased_at_ms IS NULL;
  ALTER TABLE events ADD COLUMN user TEXT;
  CREATE INDEX events_by_user ON events (tenant, user) WHERE user IS NOT NULL;
  `,
  // Who answered what, what people still have to be told, who answers for whom, and who looked at the tools' tiers.
  `
  ALTER TABLE approvals ADD COLUMN answers TEXT;
  ALTER TABLE approvals ADD COLUMN tool TEXT NOT NULL DEFAULT '';
  UPDATE approvals SET tool = coalesce(json_extract(record, '$.tool'), '');
  CREATE INDEX approvals_by_run ON approvals (run_id, asked_at_ms);
  CREATE INDEX approvals_open ON approvals (tenant, expires_at_ms, id) WHERE state IN ('pending', 'approved');
  CREATE INDEX approvals_spent ON approvals (tenant, agent, tool, asked_at_ms, id) WHERE state = 'consumed';

  CREATE TABLE delegations (
    tenant TEXT NOT NULL,
    duty_of TEXT NOT NULL,
    deputy TEXT NOT NULL,
    until_ms REAL NOT NULL,
    PRIMARY KEY (tenant, duty_of, deputy)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tier_reviews (tenant TEXT PRIMARY KEY, digest TEXT NOT NULL, by TEXT NOT NULL, at_ms REAL NOT NULL) STRICT;
  CREATE TABLE notices (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    facts TEXT NOT NULL,
    at_ms REAL NOT NULL,
    until_ms REAL NOT NULL,
    attempts INTEGER NOT NULL,
    due_at_ms REAL NOT NULL,
    PRIMARY KEY (tenant, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notices_due ON notices (tenant, due_at_ms, id);
  `,
  // How far receivers of events are, and what they would not have.
  `
  CREATE TABLE sinks (
    tenant TEXT NOT NULL,
    sink TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at_ms REAL NOT NULL,
    PRIMARY KEY (tenant, sink)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE put_aside (
    tenant TEXT NOT NULL,
    sink TEXT NOT NULL,
    seq INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at_ms REAL NOT NULL,
    PRIMARY KEY (tenant, sink, seq)
  ) STRICT, WITHOUT ROWID;
  `,
  // What events name by its digest; and between which times each 1,024 events lie: a clock may go back, so that time does
  // not follow from numbers alone.
  `
  CREATE TABLE contents (digest TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE moments (
    first_seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    from_ms REAL NOT NULL,
    to_ms REAL NOT NULL
  ) STRICT;
  INSERT INTO moments SELECT min(seq), max(seq), min(at_ms), max(at_ms) FROM events
  GROUP BY (seq - 1) / 1024 HAVING count(*) = 1024;
  `,
  // What was taken from each meter, as `[[slot, taken], …]`.
  'CREATE TABLE meters (meter TEXT PRIMARY KEY, slots TEXT NOT NULL) STRICT, WITHOUT ROWID',
  // Why a run is paused, while it is.
  'ALTER TABLE runs ADD COLUMN paused_for TEXT',
  // Who stopped what, how often that was changed, and which gateways have seen it.
  `
  ALTER TABLE isolations ADD COLUMN stopped_by TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE isolations ADD COLUMN incident INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE isolation_epoch (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL) STRICT;
  INSERT INTO isolation_epoch (only, epoch) VALUES (1, 0);
  CREATE TABLE isolations_seen (instance INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, at_ms REAL NOT NULL) STRICT;
  `,
  // People. Passwords, tokens and keys are not in here: only what they can be checked with.
  `
  CREATE TABLE people (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    is_admin INTEGER NOT NULL,
    local_user TEXT,
    record TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    opened_at_ms REAL NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_person ON sessions (tenant, person, opened_at_ms, id);
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_at_ms REAL NOT NULL,
    revoked_at_ms REAL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX api_keys_by_tenant ON api_keys (tenant, created_at_ms, id);
  CREATE TABLE sign_ins (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tickets (id TEXT PRIMARY KEY, expires_at_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX tickets_by_expiry ON tickets (expires_at_ms);
  `,
  // Of kinds of events that are rare: whoever looks for them must not read all others.
  `
  CREATE INDEX events_by_rare_kind ON events (tenant, kind)
  WHERE kind NOT IN (${COMMON_KINDS.map((kind) => `'${kind}'`).join(', ')});
  `,
  // How circuit breakers stand of which something has failed.
  `
  CREATE TABLE breakers (
    scope TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
    failures INTEGER NOT NULL,
    at_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // What an erased run wrote is found by it.
  'CREATE INDEX written_by_run ON written (run_id)',
  // Whoever lets something back says which stops of it they have seen.
  'ALTER TABLE isolations ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0',
  // Where in each segment of events those of a tenant, an agent, a tool, a user and a kind are. Indexes that had an entry of
  // each event took more than half of what it costs to append one, and told nothing of two of them at once.
  `
  DROP INDEX events_by_tenant;
  DROP INDEX events_by_agent;
  DROP INDEX events_by_tool;
  DROP INDEX events_by_user;
  DROP INDEX events_by_rare_kind;
  CREATE TABLE postings (
    tenant TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    places BLOB NOT NULL,
    PRIMARY KEY (tenant, field, value, first_seq)
  ) STRICT, WITHOUT ROWID;
  `,
  postAll,
];

/** The version a file has after all migrations. */
export const schemaVersion = migrations.length;
