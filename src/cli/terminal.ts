import { styleText } from 'node:util';
import { canonicalJson, type JsonValue } from '../base/json.ts';

type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

export interface TerminalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly input: boolean;
  readonly color: boolean;
}

/** Where a command speaks: data on stdout, talk on stderr, both made safe to show. */
export class Terminal {
  readonly json: boolean;
  /** Whether a person is there to answer: stdin and stderr are a terminal and `--no-input` was not given. */
  readonly interactive: boolean;
  readonly #quiet: boolean;
  readonly #color: boolean;
  readonly #streams: Pick<NodeJS.Process, 'stdout' | 'stderr'>;

  constructor(options: TerminalOptions, streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>) {
    this.json = options.json;
    this.#quiet = options.quiet;
    this.#color = options.color && streams.stderr.isTTY === true;
    this.#streams = streams;
    this.interactive = options.input && streams.stdin.isTTY === true && streams.stderr.isTTY === true;
  }

  /** The command's result: lines for people, or with `--json` the value as one line of JSON. */
  data(value: JsonValue, lines: readonly string[]): void {
    const text = this.json ? canonicalJson(value) : lines.map(showLine).join('\n');
    if (text !== '' || this.json) this.#streams.stdout.write(`${text}\n`);
  }

  /** Raw text that is the result as it stands, such as a drafted manifest. */
  text(text: string): void {
    this.#streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Talk: progress, hints. Silent with `--quiet`. */
  say(line = ''): void {
    if (!this.#quiet) this.#streams.stderr.write(`${showText(line)}\n`);
  }

  /** A warning is said even when quiet. */
  warn(line: string): void {
    this.#streams.stderr.write(`${this.style('yellow', 'warning')} ${showText(line)}\n`);
  }

  style(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }
}

// Control, format and bidirectional characters, breaks of lines, whatever shows as nothing at all, and halves of pairs.
// Only the colours this file writes are let through: none of them hides text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /(?!\u001b\[(?:1|2|22|3[1236]|39)m)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}\p{Cs}]/gu;

/** Text from outside with what cannot be seen in it made visible, so that it cannot forge what is shown. */
export function showText(text: string): string {
  return text.replace(UNSAFE, (char) => (char === '\t' || char === '\n' ? char : printCodePoint(char)));
}

/** The same for one line of a result, which stays one line. */
function showLine(line: string): string {
  return showText(line).replaceAll('\n', printCodePoint);
}

function printCodePoint(char: string): string {
  return `\\u{${char.codePointAt(0)?.toString(16).padStart(4, '0')}}`;
}
