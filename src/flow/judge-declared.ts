import { keyOfValue, readAtoms } from './atoms.ts';
import { NAMED } from './link-record.ts';
import type { Leaf } from './list-leaves.ts';
import { pathOf } from './read-records.ts';
import { doubt, type Finding, MANIFEST, PROMPT, type RunView, trusted, USER } from './run-view.ts';
import type { Occurrence } from './seen-record.ts';

/**
 * What a person wrote in the manifest decides before anything that the prompt tells: a limit that pins the argument to
 * values of theirs, the fields it may come from, and results that they trust. `undefined`: nothing written decides.
 */
export function judgeDeclared(leaf: Leaf, view: RunView): Finding | undefined {
  if (view.constants.has(leaf.names.join('\0'))) return trusted(MANIFEST);
  const place = placesOf(leaf, view).find(
    (candidate) => isVouched(candidate, leaf, view) && mayChoose(candidate, view),
  );
  return place && trusted(place.record.tool, { message: `from \`${place.record.tool}\`, as the manifest says` });
}

/** A sink bound to its sources takes nothing else, however well the prompt names it, but what the prompt itself says. */
export function holdToSources(finding: Finding, leaf: Leaf): Finding {
  const from = leaf.sink?.from;
  if (from === undefined || finding.trust !== 'trusted') return finding;
  if (finding.origins.every((origin) => origin === PROMPT || origin === USER)) return finding;
  return doubt(
    'ask',
    `the manifest takes it only from ${from.map((source) => `\`${source}\``).join(', ')}`,
    finding.origins,
  );
}

function placesOf(leaf: Leaf, { index }: RunView): readonly Occurrence[] {
  if (typeof leaf.value !== 'string') return index.find(keyOfValue(leaf.value));
  const [atom, ...more] = readAtoms(leaf.value);
  // Only a value that is nothing but the one that was vouched for: a display name around it goes the usual way.
  return atom && more.length === 0 && atom.canonical.length === leaf.value.length
    ? index.find(atom.key)
    : index.find(keyOfValue(leaf.value));
}

/** The field it stands in is one that the manifest names for this argument, or it is in results that a person trusts. */
function isVouched({ record, field, inProse }: Occurrence, leaf: Leaf, { tool }: RunView): boolean {
  if (inProse || record.ownWrite || record.shape.prose) return false;
  const path = pathOf(record.shape, field);
  const from = leaf.sink?.from;
  if (from !== undefined) return from.some((source) => source.replaceAll('[]', '') === `${record.tool}.${path}`);
  if (record.yields?.integrity === 'trusted') return true;
  const sameServer = record.tool.startsWith(`${tool.tool.server}/`);
  return sameServer && (record.yields?.identifiers ?? []).some((known) => known.replaceAll('[]', '') === path);
}

/** Once anything untrusted was read, which of several right values a call of high consequence takes is the prompt's to say. */
function mayChoose({ record }: Occurrence, { tool, clean }: RunView): boolean {
  return clean || tool.consequence !== 'high' || record.yields?.integrity === 'trusted' || record.link.score >= NAMED;
}
