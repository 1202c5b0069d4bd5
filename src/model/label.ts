/**
 * What is known of where data came from. `integrity`: may an outsider have chosen it? `secrecy`: who may read it?
 * `origins`: the tools and prompt parts it came from. Joining two labels never raises trust and never lowers secrecy.
 */
export interface Label {
  readonly integrity: 'trusted' | 'untrusted';
  readonly secrecy: 'public' | 'internal' | 'secret';
  readonly origins: readonly string[];
  /** Something in it read like instructions to a model when it was scanned. A sign, for policies; absent where nothing did. */
  readonly flagged?: true;
}

const SECRECY = ['public', 'internal', 'secret'] as const;

/** The bottom of the order: joining it changes nothing. */
export const leastLabel: Label = { integrity: 'trusted', secrecy: 'public', origins: [] };

/** Whether what was read is more secret than `most`. */
export function secrecyExceeds(label: Label, most: Label['secrecy']): boolean {
  return SECRECY.indexOf(label.secrecy) > SECRECY.indexOf(most);
}

/** Whether a label is at least as bad as another: joining the other changes nothing. */
export function coversLabel(label: Label, other: Label): boolean {
  const joined = joinLabels(label, other);
  return (
    joined.integrity === label.integrity &&
    joined.secrecy === label.secrecy &&
    joined.flagged === label.flagged &&
    joined.origins.every((origin) => label.origins.includes(origin))
  );
}

/** The least label at least as bad as both. Commutative, associative, idempotent. */
export function joinLabels(a: Label, b: Label): Label {
  return {
    integrity: a.integrity === 'untrusted' || b.integrity === 'untrusted' ? 'untrusted' : 'trusted',
    secrecy: SECRECY[Math.max(SECRECY.indexOf(a.secrecy), SECRECY.indexOf(b.secrecy))] ?? 'secret',
    origins: [...new Set([...a.origins, ...b.origins])].sort(),
    ...(a.flagged || b.flagged ? { flagged: true } : {}),
  };
}
