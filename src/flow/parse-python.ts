import type { JsonValue } from '../base/json.ts';

/** A value deeper than this is none that a program prints to be read. */
const DEPTH = 32;
const NAMES: Readonly<Record<string, JsonValue>> = { None: null, True: true, False: false };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' };
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/iy;

/** Lists, tuples and mappings as Python prints them, single quotes and all; `undefined` for anything else. */
export function parsePython(text: string): JsonValue | undefined {
  if (!/^[[{(]/.test(text)) return undefined;
  const reader = new Reader(text);
  const value = reader.value(DEPTH);
  return value !== undefined && reader.isDone() ? value : undefined;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isDone(): boolean {
    this.#space();
    return this.#at === this.#text.length;
  }

  value(depth: number): JsonValue | undefined {
    if (depth === 0) return undefined;
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#mapping(depth - 1);
      case '[':
        return this.#list(']', depth - 1);
      case '(':
        return this.#list(')', depth - 1);
      default:
        return this.#scalar();
    }
  }

  #scalar(): JsonValue | undefined {
    const quoted = this.#take(STRING);
    if (quoted !== undefined)
      return quoted.slice(1, -1).replace(/\\([\s\S])/g, (whole, character: string) => ESCAPES[character] ?? whole);
    const number = this.#take(NUMBER);
    if (number !== undefined) return Number(number);
    const name = this.#take(/(?:None|True|False)(?!\w)/y);
    return name === undefined ? undefined : NAMES[name];
  }

  #list(close: string, depth: number): JsonValue[] | undefined {
    this.#at += 1;
    const items: JsonValue[] = [];
    while (!this.#eat(close)) {
      const item = this.value(depth);
      if (item === undefined) return undefined;
      items.push(item);
      if (!this.#eat(',') && !this.#isNext(close)) return undefined;
    }
    return items;
  }

  #mapping(depth: number): JsonValue | undefined {
    this.#at += 1;
    const entries: [string, JsonValue][] = [];
    while (!this.#eat('}')) {
      this.#space();
      const key = this.#scalar();
      if (key === undefined || key === '__proto__' || !this.#eat(':')) return undefined;
      const item = this.value(depth);
      if (item === undefined) return undefined;
      entries.push([String(key), item]);
      if (!this.#eat(',') && !this.#isNext('}')) return undefined;
    }
    // Of two values for one key nobody can say which is meant.
    return new Set(entries.map(([key]) => key)).size === entries.length ? Object.fromEntries(entries) : undefined;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #isNext(mark: string): boolean {
    this.#space();
    return this.#text[this.#at] === mark;
  }

  #eat(mark: string): boolean {
    if (!this.#isNext(mark)) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
