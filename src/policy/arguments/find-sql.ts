/**
 * Says why a text is not a single SQL statement that only reads, where one is expected; or, where the name leaves room
 * for a search in plain words, why it is one that changes something or was built to break out of a literal.
 */
export function findSql(text: string, sure: boolean): string | undefined {
  if (sure) return findInStatement(text);
  return looksLikeStatement(text) ? findInStatement(text) : findBreakout(text);
}

/** Verbs after which a statement changes something, wherever in it they stand outside of quotes. */
const CHANGES =
  /\b(insert|update|delete|merge|replace|upsert|drop|create|alter|truncate|grant|revoke|rename|call|exec|execute|do|attach|detach|vacuum|reindex|copy|load|lock|set|begin|commit|rollback|prepare|handler|shutdown|kill|import|into)\b/i;
const READS = /^[\s(]*(select|with|show|describe|desc|explain|values|table|pragma)\b/i;
/** Functions and words that look harmless to a verb list and are not. */
const REACHES_OUT =
  /\b(pg_read_file|pg_ls_dir|pg_sleep|lo_import|lo_export|dblink|load_file|load_extension|xp_cmdshell|openrowset|opendatasource|sleep|benchmark|waitfor|writefile|readfile)\b/i;

function findInStatement(text: string): string | undefined {
  const bare = withoutLiterals(text);
  if (bare === undefined) return 'holds an SQL literal or comment without an end';
  const statement = withoutEnd(bare);
  if (statement.includes(';')) return 'holds more than one SQL statement';
  if (!READS.test(statement)) return 'is not an SQL statement that reads';
  if (/^\s*pragma\b.*[=(]/is.test(statement)) return 'sets a pragma';
  if (CHANGES.test(statement.replace(/\b(replace|set)\s*\(/gi, '('))) return 'holds SQL that changes something';
  if (/\bunion\b/i.test(statement)) return 'unions another query into its answer';
  if (REACHES_OUT.test(statement)) return 'calls an SQL function that reaches beyond the tables';
  return undefined;
}

/** The text without the semicolons and white space at its end. An expression for that would be quadratic. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /[\s;]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The shape of a statement, not just its first word: “select a good restaurant” is a search. */
const STATEMENTS: readonly RegExp[] = [
  /^[\s(]*select\b[^;]{1,2000}\bfrom\b\s*["'`[(]?\w/i,
  /^\s*select\s+[\d'"@]/i,
  /^\s*select\s+\w+\s*\(/i,
  /^\s*with\s+\w{1,64}\s+as\s*\(/i,
  /^\s*insert\s+into\s+["`[]?[\w."`\]]{1,128}\s*(\(|values\b|select\b)/i,
  /^\s*update\s+["`[]?[\w."`\]]{1,128}\s+set\s+["`[]?[\w."`\]]{1,128}\s*=/i,
  /^\s*delete\s+from\s+["`[]?[\w."`\]]{1,128}\s*(;|$|where\b|--)/i,
  /^\s*(drop|truncate|alter|create)\s+(table|database|schema|view|index|user|role|function|trigger)\s+(if\s+(not\s+)?exists\s+)?["`[]?[\w."`\]]{1,128}\s*(;|$|\(|cascade\b|add\b|drop\b|as\b|--)/i,
  /^\s*(grant|revoke)\s+[\w\s,]{1,128}\s+on\s/i,
  /^\s*(exec|execute|call)\s+\w{1,64}\s*[('@]/i,
  /^\s*copy\s+[\w.(]{1,128}[^;]{0,200}\s(to|from)\s+(program|'|stdout|stdin)/i,
];

function looksLikeStatement(text: string): boolean {
  const start = text.replace(/^(\s|--[^\n]*\n|\/\*[^*]*\*\/)+/, '');
  return STATEMENTS.some((shape) => shape.test(start));
}

/** What breaks out of a literal: a quote or bracket that ends it, and SQL right after. */
const BREAKOUTS: readonly RegExp[] = [
  /['"`)\d]\s{0,20}(?:\/\*[^*]{0,100}\*\/|\s){0,10}union\s{1,20}(?:all\s{1,20}|distinct\s{1,20})?select\b/i,
  /['")]\s{0,20}\b(?:or|and)\b\s{0,20}\(?\s{0,20}['"]?\w{1,32}['"]?\s{0,20}(?:=|like\b|<|>)\s{0,20}['"]?\w{0,32}/i,
  /['")\d]\s{0,20};\s{0,20}(?:drop|delete|insert|update|alter|truncate|create|exec|execute|shutdown|grant)\s{1,20}\w/i,
  /;\s{0,20}(?:drop|truncate|alter)\s{1,20}(?:table|database|schema|user|role|view)\s{1,20}\S/i,
  /;\s{0,20}delete\s{1,20}from\s{1,20}\S/i,
  /\b(?:or|and)\s{1,20}(\d{1,9})\s{0,20}=\s{0,20}\d{1,9}\s{0,20}(?:--|#|$)/i,
  /'\s{0,20}(?:--|#)\s{0,20}$/,
];

function findBreakout(text: string): string | undefined {
  return BREAKOUTS.some((shape) => shape.test(text)) ? 'is built to break out of an SQL literal' : undefined;
}

/** The statement with literals, quoted names and comments blanked; undefined when one of them does not end. */
function withoutLiterals(text: string): string | undefined {
  let bare = '';
  let at = 0;
  while (at < text.length) {
    const opening = text.slice(at, at + 2);
    const end = endOf(text, at, opening);
    if (end === undefined) return undefined;
    if (end === at) {
      bare += text.charAt(at);
      at += 1;
      continue;
    }
    // MySQL executes what stands in `/*! … */`.
    bare += opening === '/*' && /^\/\*[!+]/.test(text.slice(at, at + 3)) ? text.slice(at + 3, end - 2) : ' ';
    at = end;
  }
  return bare;
}

/** Where the literal or comment that begins at `at` ends; `at` itself when none begins; undefined when it has no end. */
function endOf(text: string, at: number, opening: string): number | undefined {
  if (opening === '--' || opening.startsWith('#')) {
    const line = text.indexOf('\n', at);
    return line < 0 ? text.length : line;
  }
  if (opening === '/*') {
    const close = text.indexOf('*/', at + 2);
    return close < 0 ? undefined : close + 2;
  }
  const quote = opening.charAt(0);
  if (quote !== "'" && quote !== '"' && quote !== '`') return at;
  let close = text.indexOf(quote, at + 1);
  // A doubled quote stands for itself. A backslash before a quote escapes it in some dialects and not in others, so
  // the statement could be read in two ways.
  while (close >= 0) {
    if (text.charAt(close - 1) === '\\') return undefined;
    if (text.charAt(close + 1) !== quote) return close + 1;
    close = text.indexOf(quote, close + 2);
  }
  return undefined;
}
