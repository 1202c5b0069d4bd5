/** Where a rule stands in a file a person wrote. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`, as editors open it. */
export function printPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}
