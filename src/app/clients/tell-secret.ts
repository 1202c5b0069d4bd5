/** Names of variables, headers and parameters whose values are secret whatever they look like. */
const SECRET_NAME =
  /key|token|secret|pass|pwd|credential|auth|cookie|session|signature|private|bearer|dsn|connection|conn_?str|webhook|licen[cs]e|pin$|otp|(^|[-_.])(pw|pat|api)$/i;

/** Beginnings by which issuers mark what they issue. */
const ISSUED =
  /(^|[^a-z0-9])(sk|pk|rk)[-_][a-z0-9]|gh[opusr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ASIA|AIza|ya29\.|eyJ[a-z0-9]|npm_|hf_|dop_v1_|shp(at|ca|pa)_|xapp-|(^|[^a-z0-9])(lin_api|whsec|figd|ntn|sntrys|secret)_|SG\.[\w-]{6,}|pypi-|-----BEGIN/i;

/** `Bearer …`, alone or as the value of a header. */
const SCHEME = /((^|[:="']\s*)(basic|token|apikey)|\bbearer)\s+[\w.~+/=-]{4,}/i;

/** The name in `name=value` and `"name": "value"`, at the beginning or after what separates such pairs. */
const PAIRS = /(?:^|[;,&\s{?"'])["']?-{0,2}([\w][\w .-]{0,63}?)["']?\s{0,4}[=:]\s{0,4}["']?[^\s;,&"'}]/g;

/** Names whose values say how something works; no password is put under one. */
const PLAIN_NAME =
  /(level|mode|region|zone|host|port|env|lang|tz|format|model|version|debug|verbose|name|user|type|path|dir|root|folder|file|home|timeout|limit|size|count|theme|accept|agent|team|stage|engine|driver|dialect|encoding|charset|schema|color|term|shell)s?$/i;

/** Longer than any switch or path: not looked at closer, and taken for a secret. */
const MAX_PLAIN_CHARS = 4_096;

/**
 * Whether a value has to be kept out of files. Errs on the side of yes: only what plainly is a switch, a number, a
 * word, a path or an address without credentials is not a secret, and none of it is under a secret's name.
 */
export function isSecret(name: string, value: string): boolean {
  if (value === '') return false;
  return SECRET_NAME.test(name) || !isPlain(value) || (!PLAIN_NAME.test(name) && isLikePassword(value));
}

/** Whether a text, such as an argument of a command, carries something that looks like a secret. */
export function carriesSecret(text: string): boolean {
  if (text.length > MAX_PLAIN_CHARS) return true;
  if (ISSUED.test(text) || hasCredentials(text)) return true;
  if (SCHEME.test(text) || isShortPassword(text)) return true;
  // One pair, or several as in `Server=db;Password=…` and `{"apiKey":"…"}`.
  for (const [, name = ''] of text.matchAll(PAIRS)) if (SECRET_NAME.test(name.trim())) return true;
  return (text.match(/[\w+=-]{16,}/g) ?? []).some(looksRandom);
}

/** Whether a flag such as `--api-key` announces that the next argument is a secret. */
export function announcesSecret(argument: string): boolean {
  return /^--?[\w-]+$/.test(argument) && SECRET_NAME.test(argument);
}

function isPlain(value: string): boolean {
  if (carriesSecret(value)) return false;
  if (/^(true|false|yes|no|on|off|-?\d{1,9}(\.\d+)?)$/i.test(value)) return true;
  if (/^https?:\/\/[^\s?#@]+$/i.test(value)) return true;
  if (/^(~|\.{1,2})?[\\/][\w .@\\/+-]*$/.test(value) || /^[a-z]:[\\/][\w .@\\/+-]*$/i.test(value)) return true;
  return value.length <= 40 && /^[a-z][a-z0-9 .,:*_/-]*$/i.test(value) && !/\d{5,}/.test(value);
}

/** Words with a number at their end, or several words: what people choose where nothing else is meant. */
function isLikePassword(value: string): boolean {
  if (/^(https?:\/\/|~|[./\\]|[a-z]:[\\/])/i.test(value)) return false;
  return /\s/.test(value.trim()) || /[a-z]{5,}\d|\d[a-z]{3,}\d/i.test(value);
}

/** `-p…` with the password right after it, as database clients take it, where that is no port, no path and no plain word. */
function isShortPassword(text: string): boolean {
  const value = /^-p([^-=\s/.~\\][^\s/\\]{2,})$/.exec(text)?.[1];
  return value !== undefined && !/^(\d{1,5}|[a-z]+)$/i.test(value) ? true : /^-p(assword|wd|ass|secret)/i.test(text);
}

function hasCredentials(text: string): boolean {
  if (/\bhttps?:\/\/[^/\s@?#]+@/i.test(text)) return true; // a token in the place of a user

  if (/[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]*@/i.test(text)) return true; // scheme://user:password@host
  const query = /\?([^#\s]+)/.exec(text)?.[1] ?? '';
  return query.split('&').some((pair) => SECRET_NAME.test(pair.split('=')[0] ?? ''));
}

/** Long, without blanks, and mixed of letters and digits as no word is. */
function looksRandom(text: string): boolean {
  const changes = text.match(/[a-z](?=\d)|\d(?=[a-z])|[a-z](?=[A-Z])|[A-Z](?=\d)/g)?.length ?? 0;
  return /\d/.test(text) && changes >= 4;
}
