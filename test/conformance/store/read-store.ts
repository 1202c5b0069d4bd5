import { expect } from 'vitest';
import { digestEvent, type StoredEvent } from '../../../src/model/event.ts';
import type { CommitResult, Store } from '../../../src/ports/store.ts';
import { emptyModel, type ModelState } from './store-model.ts';

export const codeOf = (result: CommitResult): string => (result.ok ? 'ok' : result.code);

export function allEvents(store: Store): Promise<readonly StoredEvent[]> {
  return store.readEvents({ tenant: 'acme', limit: 1_000 });
}

/** Everything that can be read of the samples. */
export async function readAll(store: Store) {
  const states = ['pending', 'approved', 'denied', 'consumed', 'expired'] as const;
  return {
    events: await allEvents(store),
    runs: await Promise.all(['acme', 'other'].map((tenant) => store.readRun(tenant, 'run_1'))),
    approvals: await Promise.all(states.map((state) => store.listApprovals('acme', state, 100))),
    isolations: await store.listIsolations(),
    breakers: await store.readBreakers(100),
    pins: await Promise.all(['mail', 'lost'].map((server) => store.listPins(server))),
    meters: await store.readMeters([{ meter: 'calls/run:run_1' }, { meter: 'rate/a', windowMs: 60_000 }], 0),
    bundle: await store.readActiveBundle(),
  };
}

/** What the store holds, in the model's form. Closed intents cannot be read, so their outcome is taken from the model. */
export async function readLikeModel(store: Store, model: ModelState): Promise<ModelState> {
  const like: ModelState = structuredClone(emptyModel);
  const events: StoredEvent[] = [];
  for (const tenant of ['acme', 'other']) {
    const written = await store.listWritten(tenant, 0, 1_000);
    for (const { sink, seq } of await store.listSinks(tenant)) like.sinks[`${tenant} ${sink}`] = seq;
    for (const sink of ['soc', 'log']) {
      for (const { seq, reason } of await store.listPutAside(tenant, sink, -1, 1_000)) {
        like.aside[`${tenant} ${sink} ${seq}`] = reason;
      }
    }
    if (written.length > 0) like.written[tenant] = written.map(({ object }) => object);
    events.push(...(await store.readEvents({ tenant, limit: 1_000 })));
    for (const id of ['run_1', 'run_2']) {
      const run = await store.readRun(tenant, id);
      if (run !== undefined) like.runs[id] = run;
    }
    for (const each of await store.listDelegations(tenant, -1))
      like.delegations[JSON.stringify([tenant, each.from, each.to])] = each;
    const review = await store.readTierReview(tenant);
    if (review !== undefined) like.tierReviews[tenant] = review;
    for (const notice of await store.listNotices(tenant, 1_000, 1_000)) like.notices[`${tenant} ${notice.id}`] = notice;
    for (const id of ['apr_1', 'apr_2', 'apr_3']) {
      const approval = await store.readApproval(tenant, id);
      if (approval !== undefined) like.approvals[id] = approval;
    }
  }
  events.sort((a, b) => a.seq - b.seq);
  for (const [i, { digest, ...event }] of events.entries()) {
    expect(event.seq).toBe(i + 1);
    expect(digest).toBe(digestEvent(event));
    // A store that seals also says how an event stands in it.
    const { seq: _, sealed, user, ...told } = event;
    like.events.push(told);
  }
  const open = await store.listAbandonedIntents(1_000);
  for (const { callId, atMs } of open) like.intents[callId] = { atMs };
  for (const [callId, intent] of Object.entries(model.intents))
    if (intent.ran !== undefined) like.intents[callId] ??= intent;
  for (const { scope, ...isolation } of await store.listIsolations()) like.isolations[scope] = isolation;
  for (const { scope, ...mark } of await store.readBreakers(100)) like.breakers[scope] = mark;
  like.isolationEpoch = (await store.readIsolationState()).epoch;
  for (const tool of ['mail/send', 'mail/read'] as const) {
    const pin = await store.readPin(tool);
    if (pin !== undefined) like.pins[tool] = { pin: pin.pin, atMs: pin.atMs };
  }
  // How a store keeps a meter is its own affair: what counts is what is used, and that at any time.
  for (const [meter, takes] of Object.entries(model.meters)) {
    const used = takes.reduce((all, { taken }) => all + taken, 0);
    const latest = Math.max(0, ...takes.map(({ second }) => second));
    const window = meter === 'rate/a' ? { windowMs: 60_000 } : {};
    expect(await store.readMeters([{ meter, ...window }], latest * 1_000), meter).toEqual([
      meter === 'rate/a' ? usedAt(takes, latest) : used,
    ]);
  }
  like.meters = model.meters;
  like.bundle = (await store.readActiveBundle())?.bundle;
  return like;
}

const usedAt = (takes: ModelState['meters'][string], now: number): number =>
  takes.filter(({ second }) => second + 60 >= now).reduce((all, { taken }) => all + taken, 0);
