/** How many layers of encoding are unfolded, and how long a text may be for it. */
const LAYERS = 3;
const CHARACTERS = 65_536;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  commat: '@',
  period: '.',
};

/** The texts that a text hides: percent, HTML entity, base64 (broken into lines too) and hex forms, up to three layers. Without the text itself. */
export function listHiddenTexts(text: string): string[] {
  const found = new Set<string>();
  let layer = [text];
  for (let depth = 0; depth < LAYERS && layer.length > 0; depth++) {
    const next: string[] = [];
    for (const item of layer) {
      if (item.length > CHARACTERS) continue;
      for (const inner of [unpercent(item), unentity(item), ...unbase64(item), ...unhex(item)]) {
        if (inner === undefined || inner === item || inner === text || found.has(inner)) continue;
        found.add(inner);
        next.push(inner);
      }
    }
    layer = next;
  }
  return [...found];
}

function unpercent(text: string): string | undefined {
  if (!/%[0-9a-f]{2}/i.test(text)) return undefined;
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

function unentity(text: string): string | undefined {
  if (!text.includes('&')) return undefined;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return ENTITIES[name.toLowerCase()] ?? whole;
    const point = decimal === undefined ? Number.parseInt(String(hex), 16) : Number.parseInt(String(decimal), 10);
    return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : whole;
  });
}

function unbase64(text: string): string[] {
  const runs = text.match(/(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/_-])/g) ?? [];
  // Mail breaks it into lines of 76, others of 64.
  const broken = text.match(/(?:[A-Za-z0-9+/_-]{40,100}\r?\n[ \t]{0,8}){1,2000}[A-Za-z0-9+/_-]{1,100}={0,2}/g) ?? [];
  const joined = broken.slice(0, 8).map((run) => run.replace(/\s+/g, ''));
  return [...joined, ...runs.slice(0, 32)].flatMap((run) => {
    const bytes = decodeBase64(run.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));
    return bytes === undefined ? [] : readText(bytes);
  });
}

function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function unhex(text: string): string[] {
  const runs = text.match(/(?<![0-9a-zA-Z])(?:[0-9a-f]{2}){6,}(?![0-9a-zA-Z])/gi) ?? [];
  return runs
    .slice(0, 32)
    .flatMap((run) => readText(Uint8Array.from(run.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))));
}

/** The bytes as text, if they are text that a person could read. */
function readText(bytes: Uint8Array): string[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters tell binary data from text
    return /[\x00-\x08\x0e-\x1f]/.test(text) || text.length < 4 ? [] : [text];
  } catch {
    return [];
  }
}
