/** One page of what is in a bucket below a prefix. */
export interface ObjectList {
  /** Whole keys; those of folders end with `/`. */
  readonly names: readonly string[];
  /** What asks for the next page; undefined where this is the last. */
  readonly next: string | undefined;
}

/**
 * Reads an answer to `ListObjectsV2` that was asked for with `encoding-type=url`: names hold nothing that XML would have to
 * escape then.
 */
export function readObjectList(xml: string): ObjectList {
  const names = [...xml.matchAll(/<Contents>.*?<Key>([^<]*)<\/Key>|<CommonPrefixes>\s*<Prefix>([^<]*)<\/Prefix>/gs)];
  const isCut = /<IsTruncated>\s*true\s*<\/IsTruncated>/.test(xml);
  const token = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(xml)?.[1];
  return {
    names: names.map(([, key, prefix]) => decode(key ?? prefix ?? '')),
    next: isCut && token !== undefined ? unescapeXml(token) : undefined,
  };
}

/** Some services leave names as they are, and some write a space as `+`: no name of ours has either. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}
