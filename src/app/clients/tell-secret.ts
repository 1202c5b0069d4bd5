/** Names of variables, headers and parameters whose values are secret whatever they look like. */
const SECRET_NAME =
  /key|token|secret|pass|pwd|credential|auth|cookie|session|signature|private|bearer|dsn|connection|conn_?str|webhook|licen[cs]e|pin$|otp/i;

/** Beginnings by which issuers mark what they issue. */
const ISSUED =
  /(^|[^a-z0-9])(sk|pk|rk)[-_][a-z0-9]|gh[opusr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ASIA|AIza|ya29\.|eyJ[a-z0-9]|npm_|hf_|dop_v1_|shp(at|ca|pa)_|-----BEGIN/i;

/** Longer than any switch or path: not looked at closer, and taken for a secret. */
const MAX_PLAIN_CHARS = 4_096;

/**
 * Whether a value has to be kept out of files. Errs on the side of yes: only what plainly is a switch, a number, a
 * word, a path or an address without credentials is not a secret, and none of it is under a secret's name.
 */
export function isSecret(name: string, value: string): boolean {
  if (value === '') return false;
  return SECRET_NAME.test(name) || !isPlain(value);
}

/** Whether a text, such as an argument of a command, carries something that looks like a secret. */
export function carriesSecret(text: string): boolean {
  if (text.length > MAX_PLAIN_CHARS) return true;
  if (ISSUED.test(text) || hasCredentials(text)) return true;
  const [, name, value] = /^-{0,2}([\w.-]+)[=:](.+)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined && SECRET_NAME.test(name)) return true;
  return (text.match(/[\w+=-]{24,}/g) ?? []).some(looksRandom);
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

function hasCredentials(text: string): boolean {
  if (/[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]*@/i.test(text)) return true; // scheme://user:password@host
  const query = /\?([^#\s]+)/.exec(text)?.[1] ?? '';
  return query.split('&').some((pair) => SECRET_NAME.test(pair.split('=')[0] ?? ''));
}

/** Long, without blanks, and mixed of letters and digits as no word is. */
function looksRandom(text: string): boolean {
  const changes = text.match(/[a-z](?=\d)|\d(?=[a-z])|[a-z](?=[A-Z])|[A-Z](?=\d)/g)?.length ?? 0;
  return /\d/.test(text) && changes >= 4;
}
