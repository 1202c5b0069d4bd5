import type { Label } from '../model/label.ts';
import type { GovernedTool } from '../model/tool.ts';
import { isAudience, isOutward } from './judge-call.ts';
import type { Leaf } from './list-leaves.ts';
import type { Task } from './read-task.ts';
import { type Finding, MANIFEST, PROMPT, USER } from './run-view.ts';
import type { SecretValues } from './secret-values.ts';

export interface Leak {
  readonly message: string;
  /** JSON pointer of the argument that carries it. */
  readonly path?: string;
}

/**
 * Something secret was read: its values leave in no argument, and what leaves goes only to an audience that a person
 * named. What the prompt itself says is no secret of anybody else's.
 */
export function findLeak(
  tool: GovernedTool,
  leaves: readonly Leaf[],
  findings: ReadonlyMap<Leaf, Finding>,
  run: { readonly task: Task; readonly label: Label; readonly secrets: SecretValues },
): Leak | undefined {
  const { task, label, secrets } = run;
  const outward = isOutward(tool, leaves);
  for (const leaf of leaves) {
    if (typeof leaf.value !== 'string' || secrets.size === 0) continue;
    const canLeave = outward || leaf.sink !== undefined || tool.effect === 'read';
    if (canLeave && secrets.isIn(leaf.value) && !task.text.includes(leaf.value))
      return { message: 'it carries a value that was read as secret', path: leaf.pointer };
  }
  if (label.secrecy !== 'secret' || !outward) return undefined;
  const audience = leaves.filter((leaf) => isAudience(tool, leaf));
  const named = (leaf: Leaf): boolean => findings.get(leaf)?.origins.every(isPersonal) ?? false;
  if (audience.length > 0 && audience.every(named)) return undefined;
  if (audience.length === 0 && leaves.every((leaf) => isSaid(leaf, task))) return undefined;
  return { message: 'something secret was read, and nobody named who gets this' };
}

const isPersonal = (origin: string): boolean => origin === PROMPT || origin === USER || origin === MANIFEST;

const isSaid = (leaf: Leaf, task: Task): boolean => typeof leaf.value !== 'string' || task.text.includes(leaf.value);
