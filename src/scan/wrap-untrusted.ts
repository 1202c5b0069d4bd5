/** A marker no one outside the run knows: 16 random bytes as letters and digits. */
export interface BoundaryMarker {
  readonly value: string;
}

/** Bytes of randomness in a marker: guessing one is hopeless within a run's life. */
export const MARKER_BYTES = 16;

/** Makes a run's marker from `MARKER_BYTES` random bytes. Throws a RangeError if there are fewer. */
export function makeMarker(random: Uint8Array): BoundaryMarker {
  if (random.length < MARKER_BYTES)
    throw new RangeError(`a marker takes ${MARKER_BYTES} random bytes, got ${random.length}`);
  return { value: Array.from(random.subarray(0, MARKER_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('') };
}

/**
 * Puts a text between lines that say it is data. Only who knows the marker can write the closing line; should the text
 * hold the marker all the same, however it is written (the run leaked it), it is taken out. With `datamark`, every
 * space becomes `^`, so that the text differs from instructions wherever a model looks.
 */
export function wrapUntrusted(
  text: string,
  marker: BoundaryMarker,
  options: { readonly source?: string; readonly datamark?: boolean } = {},
): string {
  const inner = withoutMarker(text, marker.value);
  const source =
    options.source === undefined
      ? ''
      : ` source=${JSON.stringify(withoutMarker(options.source, marker.value).slice(0, 200))}`;
  const data = options.datamark === true ? inner.replace(/[^\S\n]+/g, '^') : inner;
  return `<untrusted-data ${marker.value}${source}>\n${data}\n</untrusted-data ${marker.value}>`;
}

/** The text between the lines `wrapUntrusted` wrote, or undefined if it is not whole. Datamarks stay. */
export function unwrapUntrusted(wrapped: string, marker: BoundaryMarker): string | undefined {
  const opening = new RegExp(`^<untrusted-data ${marker.value}(?: source="(?:[^"\\\\]|\\\\.)*")?>\\n`).exec(wrapped);
  const closing = `\n</untrusted-data ${marker.value}>`;
  if (!opening || !wrapped.endsWith(closing) || wrapped.length < opening[0].length + closing.length) return undefined;
  const inner = wrapped.slice(opening[0].length, -closing.length);
  return inner.toLowerCase().includes(marker.value) ? undefined : inner;
}

/** Until none is left: taking one out could put another together. */
function withoutMarker(text: string, value: string): string {
  let kept = text;
  for (const pattern = new RegExp(value, 'gi'); kept.search(pattern) >= 0; ) kept = kept.replace(pattern, '');
  return kept;
}
