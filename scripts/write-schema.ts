/** Writes `schema/chaperone.schema.json`, which editors complete `chaperone.yaml` with, from the manifest's own schema. */
import { writeFileSync } from 'node:fs';
import { printManifestSchema } from '../src/contract/manifest-schema.ts';

writeFileSync(new URL('../schema/chaperone.schema.json', import.meta.url), printManifestSchema());
