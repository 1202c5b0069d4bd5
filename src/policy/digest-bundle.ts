import { type Digest, digestJson } from '../base/digest.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Manifest } from '../model/manifest.ts';

export interface BundleTexts {
  /** In the manifest's order. */
  readonly policyFiles: readonly { readonly file: string; readonly text: string }[];
  readonly templates?: readonly { readonly id: string; readonly version: string; readonly text: string }[];
}

/**
 * The name of a bundle: equal exactly when what is written in the manifest, the policy texts and the prompt templates are.
 * Defaults are not written, so a later version that has more of them finds the same digest; nor are comments and layout,
 * which decide nothing. What servers say of their tools is not in it: pins that a person wrote are part of the manifest, and
 * the others are required one by one in each call's intent. So a server that happens to be away does not make another
 * bundle of the same rules.
 */
export function digestBundle(written: JsonValue, { policyFiles, templates = [] }: BundleTexts): Digest {
  return digestJson({
    format: 'chaperone.bundle/2',
    manifest: written,
    // Their names are in the manifest; what messages call them depends on where the gateway was started.
    policies: policyFiles.map(({ text }) => text),
    templates: templates.map(({ id, version, text }) => ({ id, version, text })),
  });
}

/**
 * The name of a bundle of the form before that one, which had the manifest with its defaults. What was recorded then
 * is found again as long as the defaults are those of then.
 */
export function digestDefaulted(manifest: Manifest, { policyFiles, templates = [] }: BundleTexts): Digest {
  return digestJson({
    manifest: withoutLater(manifest),
    policies: policyFiles.map(({ file, text }) => ({ file, text })),
    ...(templates.length === 0 ? {} : { templates: templates.map(({ id, version, text }) => ({ id, version, text })) }),
  });
}

/**
 * The manifest as versions of that form knew it: without what has a default since. Through JSON, which drops members that are
 * undefined; the manifest's schema admits nothing that JSON lacks.
 */
function withoutLater(manifest: Manifest): JsonObject {
  const { settling: _, ...people } = manifest.people;
  return JSON.parse(JSON.stringify({ ...manifest, people })) as JsonObject;
}
