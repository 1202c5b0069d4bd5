/**
 * Writes the generated parts of `docs/`: `npm run docs`. What it would write is what `test/docs/generated.test.ts` holds
 * the files to.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { docsFolder, renderDocs } from './docs/render-docs.ts';

for (const { file, current, rendered } of await renderDocs()) {
  if (current === rendered) continue;
  writeFileSync(join(docsFolder, file), rendered);
  process.stdout.write(`wrote docs/${file}\n`);
}
