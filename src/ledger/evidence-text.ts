/** What is signed of an archive of evidence: a text that no checkpoint can be, for its first line is no log's name. */
export function evidenceText(origin: string, contents: string): string {
  return `${origin}/evidence\n${contents}\n`;
}
