import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillSections, listSections } from './fill-sections.ts';
import { printCli } from './print-cli.ts';
import { printConfig } from './print-config.ts';
import { printCoverage } from './print-coverage.ts';
import { printErrors } from './print-errors.ts';
import { printBodies, printRoutes, printScopes } from './print-http.ts';
import { printLimits } from './print-limits.ts';

export const docsFolder = fileURLToPath(new URL('../../docs', import.meta.url));

export interface RenderedDoc {
  /** Relative to `docs/`. */
  readonly file: string;
  readonly sections: readonly string[];
  readonly current: string;
  readonly rendered: string;
}

/** Every document with generated sections, as it is and as it should be. Throws where a section has no home. */
export async function renderDocs(): Promise<readonly RenderedDoc[]> {
  const contents = new Map([
    ['errors', printErrors()],
    ['limits', printLimits()],
    ['cli', printCli()],
    ['config', printConfig()],
    ['coverage', printCoverage()],
    ['routes', printRoutes()],
    ['scopes', printScopes()],
    ['bodies', printBodies()],
  ]);
  const files = readdirSync(docsFolder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
  const docs = files.sort().flatMap((file) => {
    const current = readFileSync(join(docsFolder, file), 'utf8');
    const sections = listSections(current);
    return sections.length === 0 ? [] : [{ file, sections, current, rendered: fillSections(current, contents) }];
  });
  const placed = new Set(docs.flatMap((doc) => doc.sections));
  const homeless = [...contents.keys()].filter((name) => !placed.has(name));
  if (homeless.length > 0) throw new Error(`no document has the section: ${homeless.join(', ')}`);
  return docs;
}
