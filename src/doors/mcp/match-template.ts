/**
 * Whether a URI can come from a URI template: its literal parts stand in it in order, the first at the start and the
 * last at the end. Expressions are taken to fill in anything, so this may say yes too often, which at worst makes a URI
 * ambiguous. No regular expression is built from the template, which a server wrote.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  const literals = template.split(/\{[^{}]*\}/);
  const first = literals[0] ?? '';
  const last = literals.at(-1) ?? '';
  if (literals.length === 1) return template === uri;
  if (uri.length < first.length + last.length || !uri.startsWith(first) || !uri.endsWith(last)) return false;
  let from = first.length;
  const end = uri.length - last.length;
  for (const literal of literals.slice(1, -1)) {
    const at = uri.indexOf(literal, from);
    if (at < 0 || at + literal.length > end) return false;
    from = at + literal.length;
  }
  return true;
}
