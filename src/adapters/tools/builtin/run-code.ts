import type { JsonObject, JsonValue } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { Intent } from '../../../model/intent.ts';
import type { ToolResult } from '../../../model/result.ts';
import type { FileChange, Program, SandboxJob, SandboxOutcome, WorkFile } from '../../../ports/sandbox.ts';
import type { BuiltinOptions, CodeLanguage } from './builtin-options.ts';
import { collectFiles } from './collect-files.ts';
import { Refused } from './workspace.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** `code.run`: what was noticed of it is recorded before anybody sees what came of it. */
export async function runCode(options: BuiltinOptions, intent: Intent, signal: AbortSignal): Promise<ToolResult> {
  const { language, code, input } = intent.call.arguments;
  if (typeof code !== 'string') throw new Refused('`code` has to be text');
  const profile = isLanguage(language) ? options.profileOf(language) : undefined;
  if (!isLanguage(language) || profile === undefined) throw new Refused('there is no such language here');
  const { config, workspace } = options;
  const sees = workspace !== undefined && profile.workspace !== 'none';
  if (sees && config.workspace !== undefined) await options.findFolder(config.workspace);
  const files: readonly WorkFile[] = sees ? await collectFiles(workspace, profile.spaceBytes) : [];
  const packagesFolder =
    profile.tier === 'wasm' || language === 'wasm'
      ? undefined
      : await options.packages?.find(language, {
          run: options.run,
          openWayOut: (hosts) => options.openWayOut(intent, hosts),
          onAttempts: (attempts) => options.onAttempts(intent, attempts),
          limits: profile.limits,
          signal,
        });
  const inputFolder = profile.input === undefined ? undefined : await options.findFolder(profile.input);
  const storeFolder = profile.store === undefined ? undefined : await options.findFolder(profile.store);
  const way = profile.network === 'door' ? await options.openWayOut(intent, profile.hosts) : undefined;
  const job: SandboxJob = {
    profile,
    program: readProgram(language, code),
    files,
    signal,
    ...(language === 'shell' ? { programs: config.programs } : {}),
    ...(typeof input === 'string' ? { stdin: Buffer.from(input, 'utf8') } : {}),
    ...(profile.tier === 'wasm'
      ? {
          functions: config.functions,
          onCall: (name: string, argument: JsonValue) => options.callTool(intent, name, argument, signal),
        }
      : {}),
    ...(inputFolder === undefined ? {} : { inputFolder }),
    ...(packagesFolder === undefined ? {} : { packagesFolder }),
    ...(way === undefined ? {} : { egressSocket: way.socket }),
    ...(way?.trustFile === undefined ? {} : { trustFile: way.trustFile }),
  };
  // What left is recorded before the outcome is: closing the way out waits for that.
  const ran = await options.run(job).finally(() => way?.close());
  // Files that are there to be read are not the code's to change: what it made of its copy of them is nobody's.
  const outcome =
    profile.workspace === 'read' ? { ...ran, changes: ran.changes.filter(({ change }) => change === 'added') } : ran;
  const attempts = [...outcome.attempts, ...(way?.attempts() ?? [])];
  if (attempts.length > 0) await options.onAttempts(intent, attempts);
  const isWell = outcome.end === 'exit' && outcome.exitCode === 0;
  const kept =
    storeFolder !== undefined && isWell ? await options.keep(storeFolder, intent.call.id, outcome.changes) : 0;
  return toResult(outcome, kept > 0 ? intent.call.id : undefined);
}

function isLanguage(value: unknown): value is CodeLanguage {
  return value === 'js' || value === 'python' || value === 'shell' || value === 'wasm';
}

function readProgram(language: CodeLanguage, code: string): Program {
  if (language !== 'wasm') return { kind: 'code', language, source: code };
  return { kind: 'wasi', module: Buffer.from(code, 'base64'), args: [] };
}

function toResult(outcome: SandboxOutcome, kept: string | undefined): ToolResult {
  const { end, exitCode, stdout, stderr, value, changes } = outcome;
  const shown: JsonObject = {
    end,
    exitCode,
    stdout,
    stderr,
    ...(value === undefined ? {} : { value }),
    changes: changes.map(showChange),
    ...(kept === undefined ? {} : { kept }),
  };
  return {
    content: [{ type: 'text', text: JSON.stringify(shown) }],
    structuredContent: shown,
    ...(end === 'exit' && exitCode === 0 ? {} : { isError: true }),
  };
}

/** A change with its text, where that is short and is one. */
function showChange({ path, change, bytes }: FileChange): JsonObject {
  if (bytes === undefined) return { path, change };
  const text = bytes.length > limits.changeTextBytes ? undefined : tryDecode(bytes);
  return { path, change, bytes: bytes.length, ...(text === undefined ? {} : { text }) };
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // not text: its size says enough
  }
}
