/** The fields of an answer that are the credential, joined by `:`. Undefined where one of them is not there, or is no text. */
export function joinFields(fields: readonly string[], found: Readonly<Record<string, unknown>>): string | undefined {
  const values: string[] = [];
  for (const field of fields) {
    const value = Object.hasOwn(found, field) ? found[field] : undefined;
    if (typeof value !== 'string' || value === '') return undefined;
    values.push(value);
  }
  return values.length === 0 ? undefined : values.join(':');
}

/** The same of a text: of its fields where there are any to take, and otherwise the text itself. */
export function joinText(fields: readonly string[], text: string): string | undefined {
  if (fields.length === 0) return text;
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null ? joinFields(fields, { ...found }) : undefined;
  } catch {
    return undefined;
  }
}
