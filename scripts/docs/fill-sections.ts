const SECTION = /^<!-- generated: ([a-z-]+) -->\n[\s\S]*?^<!-- end generated -->$/gm;

/** The names of the generated sections of a document, in order. */
export function listSections(text: string): readonly string[] {
  return [...text.matchAll(SECTION)].map((match) => match[1] ?? '');
}

/** A document with every generated section filled anew. Throws where nothing makes a section of that name. */
export function fillSections(text: string, contents: ReadonlyMap<string, string>): string {
  return text.replace(SECTION, (_, name: string) => {
    const content = contents.get(name);
    if (content === undefined) throw new Error(`nothing generates the section \`${name}\``);
    return `<!-- generated: ${name} -->\n\n${content.trim()}\n\n<!-- end generated -->`;
  });
}
