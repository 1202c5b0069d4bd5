import { isSecret } from './tell-secret.ts';

/** Shorter ones would be found inside other words; by the name they stand under they are masked all the same. */
const MIN_KNOWN_CHARS = 4;

/** A function that takes the values of secrets out of lines that are shown: those known, and those that look so. */
export function maskSecrets(secrets: ReadonlySet<string>): (line: string) => string {
  const known = [...secrets]
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .filter((secret) => secret.length >= MIN_KNOWN_CHARS)
    .sort((a, b) => b.length - a.length);
  return (line) => {
    let shown = line;
    for (const secret of known) shown = shown.replaceAll(secret, '********');
    return shown.replace(PAIR, (whole, head: string, name: string, value: string, tail: string) =>
      isSecret(name, value) && isSecret(name, value.replace(REFERENCE, '')) ? `${head}********${tail}` : whole,
    );
  };
}

/** `"name": "value"` and `name = "value"`: the head up to the value, its name, the value, the closing quote. */
const PAIR = /((?:"|\b)([\w.-]{1,128})"?\s*[:=]\s*")((?:[^"\\]|\\.)*)(")/g;
/** What refers to a value and is none. */
const REFERENCE = /(Bearer )?\$\{[\w:.-]+\}/g;
