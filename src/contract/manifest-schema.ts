import { z } from 'zod';
import type { JsonObject } from '../base/json.ts';
import { manifestSchema } from '../model/manifest.ts';

let made: JsonObject | undefined;

/** The JSON Schema (draft 7, which editors know best) of `chaperone.yaml` as a person writes it: defaults may be left out. */
export function manifestJsonSchema(): JsonObject {
  if (made === undefined) {
    const { $schema, ...rest } = z.toJSONSchema(manifestSchema, { io: 'input', target: 'draft-7' });
    made = {
      $schema: $schema ?? '',
      title: 'chaperone.yaml',
      description: 'What each agent may use, and what was decided about each tool.',
      ...(rest as JsonObject), // a JSON Schema is JSON; zod types it by keyword instead
    };
  }
  return made;
}

/** The text of `schema/chaperone.schema.json`. */
export function printManifestSchema(): string {
  return `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`;
}
