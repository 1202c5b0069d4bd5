import type { YAMLError } from 'yaml';

/** Our own sentence for what the YAML parser found, and what to do about it. */
export function describeSyntaxError(error: Pick<YAMLError, 'code' | 'message'>): string {
  return SENTENCES[error.code]?.(error.message) ?? 'this is not well-formed YAML';
}

const SENTENCES: { readonly [code in YAMLError['code']]?: (message: string) => string } = {
  TAB_AS_INDENT: () => 'found a tab as indentation, expected spaces',
  BAD_INDENT: (message) =>
    /flow/i.test(message)
      ? 'this is indented too little, or a `]` or `}` is missing before it'
      : 'this is not indented like the entries before it',
  BLOCK_AS_IMPLICIT_KEY: () =>
    'found a second `:` or a deeper indentation than the line before; put the value in quotes, or align the key',
  MULTILINE_IMPLICIT_KEY: () => 'a key has to stand on one line; is a `:` missing?',
  MISSING_CHAR: (message) =>
    /quote/.test(message)
      ? 'a closing quote is missing'
      : /map value/.test(message)
        ? 'found a key without `:` and a value'
        : 'a character is missing here: a `:`, `,`, `]`, `}` or a space',
  UNEXPECTED_TOKEN: () => 'found something that does not belong here; is a quote or a comma missing?',
  BAD_SCALAR_START: () => 'text that starts with this character has to be in quotes',
  BAD_DQ_ESCAPE: () => 'unknown escape in double quotes; write `\\\\` for a backslash, or use single quotes',
  MULTIPLE_DOCS: () => 'found a second document (`---`), expected one',
  BLOCK_IN_FLOW: () => 'found an indented block inside `[ ]` or `{ }`',
  KEY_OVER_1024_CHARS: () => 'found a key of more than 1,024 characters',
  BAD_DIRECTIVE: () => 'found a `%` directive that is not understood',
  MULTIPLE_TAGS: () => 'found two tags on one value',
  MULTIPLE_ANCHORS: () => 'found two anchors on one value',
  ALIAS_PROPS: () => 'an alias takes no anchor or tag of its own',
  BAD_ALIAS: () => 'an alias needs a name that does not end in `:`',
  BAD_PROP_ORDER: () => 'an anchor or tag has to stand after the `-`, `?` or `:`',
  RESOURCE_EXHAUSTION: () => 'nested too deeply',
};
