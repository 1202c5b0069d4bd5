import { describe, expect, it } from 'vitest';
import { readDocument } from './read-fences.ts';

const text = readDocument('docs/compliance.md');

describe('what is said of compliance', () => {
  it('names requirements that exist', () => {
    const { requirements } = JSON.parse(readDocument('docs/requirements.json')) as { requirements: { id: string }[] };
    const known = new Set(requirements.map(({ id }) => id));
    const named = [...new Set(text.match(/\bR-[A-Z0-9]+(?:-[A-Z0-9]+)*\b/g))];
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((id) => !known.has(id))).toEqual([]);
  });

  it('names kinds of events that are recorded', () => {
    const kinds = new Set(
      [...readDocument('src/model/event.ts').matchAll(/\| '([a-z]+\.[a-zA-Z]+)'/g)].map(([, kind]) => kind),
    );
    const named = [...new Set([...text.matchAll(/`([a-z]+\.[a-z]+)`/g)].map(([, kind]) => kind))];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((kind) => !kinds.has(kind) && !kind?.endsWith('.json'))).toEqual([]);
  });
});
