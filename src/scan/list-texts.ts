import { isJsonObject, type JsonValue } from '../base/json.ts';

/** Every text in a JSON value, members' names included, with its JSON pointer; a name's pointer ends in `#`. */
export function listTexts(value: JsonValue, path = ''): readonly { readonly text: string; readonly path: string }[] {
  const found: { readonly text: string; readonly path: string }[] = [];
  walk(value, path, (text, at) => found.push({ text, path: at }));
  return found;
}

function walk(value: JsonValue, path: string, visit: (text: string, path: string) => void): void {
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value)) for (const [index, one] of value.entries()) walk(one, `${path}/${index}`, visit);
  else if (isJsonObject(value)) {
    for (const [name, one] of Object.entries(value)) {
      const inner = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      visit(name, `${inner}#`);
      walk(one, inner, visit);
    }
  }
}
