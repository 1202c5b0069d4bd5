import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../src/base/json.ts';
import type { Tool } from '../src/model/tool.ts';
import { findNamings } from '../src/policy/find-verb.ts';
import { inferTool } from '../src/policy/infer.ts';
import { EVALUATION_DATA, requireEvaluationData } from './evaluation-data.ts';
import { describeMachine, type Report } from './report.ts';

const METHOD =
  'Every described tool is read as if nothing were declared, and held against what is known of it: that it was seen to ' +
  'change something, or that an attacker does harm by it. A misread effect is a write that was inferred to be a read.';

/** A tool as the data describes it, and whether it is known to change something. Inference sees `tool` alone. */
interface Labelled {
  readonly suite: string;
  readonly tool: Tool;
  readonly writes: boolean;
}

interface DescribedTool {
  readonly name: string;
  readonly toolkit?: string;
  readonly description: string;
  readonly doc?: string;
  readonly input_schema: JsonObject;
  readonly kind?: string;
  readonly mutation_observed?: boolean;
}

/** How many writes were inferred to be reads, and how many reads to be writes, for each suite of tools at hand. */
export async function measureEffects({ tell }: { tell: (line: string) => void }): Promise<Report> {
  requireEvaluationData();
  const labelled = [...readSuites(), ...readToolkits()];
  const namings = findNamings(labelled.map(({ tool }) => tool));
  const judged = labelled.map((one) => ({ ...one, inferred: inferTool(one.tool, { namings }).effect.value }));
  const misread = judged.filter(({ writes, inferred }) => writes && inferred === 'read');
  for (const { suite, tool } of misread) tell(`misread: ${tool.name} of ${suite}`);
  const rows = [...new Set(judged.map(({ suite }) => suite))].map((suite) => {
    const own = judged.filter((one) => one.suite === suite);
    return {
      suite,
      tools: own.length,
      writes: own.filter(({ writes }) => writes).length,
      'writes misread as reads': own.filter((one) => misread.includes(one)).length,
      'others read as writes': own.filter(({ writes, inferred }) => !writes && inferred === 'write').length,
    };
  });
  return {
    bench: 'effects',
    machine: describeMachine(),
    method: METHOD,
    rows,
    ratios: {},
    goals: [{ goal: 'misread effects, at most 0', measured: misread.length, reached: misread.length === 0 }],
    missing: [
      'tools that no suite labels and no attack uses count as no write, so reading them strictly is not shown to be wrong',
    ],
  };
}

/** Suites of tools that are labelled one by one: what is no read, or was seen to change its world, writes. */
function readSuites(): Labelled[] {
  const folder = join(EVALUATION_DATA, 'agentdojo');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => {
      const { suite, tools } = readJson<{ suite: string; tools: readonly DescribedTool[] }>(join(folder, file));
      return tools.map((one) => ({
        suite,
        tool: toTool(suite, one),
        writes: one.kind !== 'read' || one.mutation_observed === true,
      }));
    });
}

/** Toolkits without labels: a tool by which an attacker does direct harm writes. */
function readToolkits(): Labelled[] {
  const folder = join(EVALUATION_DATA, 'injecagent');
  const cases = readJson<readonly { attacker_calls: readonly { tool: string }[] }[]>(join(folder, 'direct_harm.json'));
  const harmful = new Set(cases.flatMap((one) => one.attacker_calls.map(({ tool }) => tool)));
  return readJson<readonly DescribedTool[]>(join(folder, 'tools.json')).map((one) => ({
    suite: 'injecagent',
    tool: toTool(one.toolkit ?? 'toolkit', one),
    writes: harmful.has(one.name),
  }));
}

function toTool(server: string, { name, description, doc, input_schema: inputSchema }: DescribedTool): Tool {
  return { server, name, description: doc ?? description, inputSchema };
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T; // data of a published shape, as its README describes it
}
