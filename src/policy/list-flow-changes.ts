import type { Reason } from '../model/decision.ts';
import type { Flow } from '../model/flow-rules.ts';
import { printPlace } from '../model/place.ts';
import { pointerMembers } from './arguments/json-pointer.ts';
import type { DecisionRequest } from './kernel.ts';
import type { Change, Ground } from './what-if.ts';

/** What would lift the objections of flow and of `flows` in the manifest. */
export function listFlowChanges(request: DecisionRequest, ground: Ground): Change[] {
  return [...answerObjections(request, ground), ...ground.manifest.flows.flatMap((flow, i) => liftFlow(flow, i))];

  function liftFlow(flow: Flow, i: number): Change[] {
    const place = printPlace(ground.placeOf(['flows', i]));
    return [
      {
        about: `reading ${flow.from}`,
        sentence: `make the call in a run that has not read \`${flow.from}\``,
        apply: (world) => ({ ...world, request: forget(world.request, flow.from) }),
      },
      {
        about: `flow ${flow.from} to ${flow.to}`,
        sentence: `remove the flow from \`${flow.from}\` to \`${flow.to}\` at ${place}`,
        apply: (world) => {
          const flows = world.manifest.flows.filter(({ from, to }) => from !== flow.from || to !== flow.to);
          return { ...world, manifest: { ...world.manifest, flows } };
        },
      },
    ];
  }
}

/** One change for each thing flow objects to. What is told is tried as if it were true: nobody can try a prompt. */
function answerObjections({ flow, tool, run }: DecisionRequest, { placeOf }: Ground): Change[] {
  const objections = new Map<string, Reason>();
  for (const reason of flow.reasons) if (!objections.has(keyOf(reason))) objections.set(keyOf(reason), reason);
  const prompt = run.attested
    ? 'have the user’s prompt'
    : 'start the run with the user’s own prompt, attested, and have it';
  const write = ({ code, path }: Reason): string => {
    if (code === 'E_TASK_UNASKED') return `${prompt} ask for this call`;
    if (path === undefined) return 'make the call in a run that has not read what must not leave by it';
    const argument = dottedPath(path);
    const place = printPlace(placeOf(['tools', tool.name, 'arguments', argument]));
    return `${prompt} name the value of \`${argument}\`, or add it to \`allow\` of \`${argument}\` of \`${tool.name}\` at ${place}`;
  };
  return [...objections].map(([key, reason]) => ({
    about: `objection ${key}`,
    sentence: write(reason),
    apply: (world) => {
      const reasons = world.request.flow.reasons.filter((other) => keyOf(other) !== key);
      const verdict = reasons.length === 0 ? 'permit' : world.request.flow.verdict;
      return { ...world, request: { ...world.request, flow: { ...world.request.flow, verdict, reasons } } };
    },
  }));
}

/** Objections to one argument are answered together. */
function keyOf({ code, path }: Reason): string {
  return path === undefined || code === 'E_TASK_UNASKED' ? code : path;
}

function forget(request: DecisionRequest, from: string): DecisionRequest {
  const { label } = request.run;
  const isRead = (origin: string): boolean =>
    from.endsWith('/*') ? origin.startsWith(from.slice(0, -1)) : origin === from;
  return {
    ...request,
    run: { ...request.run, label: { ...label, origins: label.origins.filter((origin) => !isRead(origin)) } },
  };
}

/** `/items/0/url` → `items[].url`, as the manifest writes it. */
function dottedPath(pointer: string): string {
  return pointerMembers(pointer).reduce((path, member) => {
    if (/^\d+$/.test(member)) return `${path}[]`;
    return path === '' ? member : `${path}.${member}`;
  }, '');
}
