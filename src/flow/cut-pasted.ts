import type { PromptPart } from '../model/prompt.ts';

/** Where somebody else's text begins in a message, as mail programs and people mark it. */
const PASTED: readonly RegExp[] = [
  /^(?:>.*(?:\n|$))+/gm,
  /```[\s\S]*?(?:```|$)/g,
  /^<([a-z][\w-]*)\b[^>\n]*>[\s\S]*?(?:<\/\1>|$(?![\s\S]))/gim,
  /^-{2,} ?(?:original|forwarded) message ?-{2,}[\s\S]*$/gim,
  /^(?:from|sent|to|date|subject): .*\n(?:(?:from|sent|to|cc|date|subject): .*\n)+[\s\S]*$/gim,
];

/**
 * What of the prompt counts as the user's own words: parts of kind `user`, without what is visibly pasted into them.
 * Cutting too much costs a question; nothing is ever added.
 */
export function cutPasted(prompt: readonly PromptPart[]): { readonly own: string; readonly pasted: readonly string[] } {
  const pasted: string[] = [];
  let own = '';
  for (const part of prompt) {
    if (part.kind !== 'user') {
      pasted.push(part.text);
      continue;
    }
    let text = part.text;
    for (const form of PASTED) {
      text = text.replace(form, (block) => {
        pasted.push(block);
        return '\n';
      });
    }
    own += own === '' ? text : `\n${text}`;
  }
  return { own, pasted };
}
