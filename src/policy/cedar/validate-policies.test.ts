import { describe, expect, it } from 'vitest';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { type GovernedTool, pinTool, type Tool, toolName } from '../../model/tool.ts';
import { generateCedarSchema } from './generate-cedar-schema.ts';
import { parsePolicies } from './parse-policies.ts';
import { validatePolicies } from './validate-policies.ts';

function govern(name: string, inputSchema: JsonObject): GovernedTool {
  const tool: Tool = { server: 'mail', name, description: '', inputSchema };
  const decided = { effect: 'write', consequence: 'medium', declared: true, sinks: [] } as const;
  return { tool, name: toolName(tool), pin: pinTool(tool), ...decided };
}

const send = govern('send_email', {
  type: 'object',
  properties: {
    recipients: { type: 'array', items: { type: 'string' } },
    subject: { type: 'string' },
    'odd "name"\n': { type: 'string' },
    '': { type: 'boolean' },
    priority: { type: 'integer' },
    amount: { type: 'number' },
    options: { type: 'object', properties: { draft: { type: 'boolean' } }, required: ['draft'] },
    anything: {},
  },
  required: ['recipients', 'subject', 'odd "name"\n', '', 'options'],
});
const { schema } = generateCedarSchema([send, govern('list', { type: 'object' })], {
  userAttributes: { dept: 'String' },
});

function check(
  condition: string,
  scope = 'principal, action == Chaperone::Action::"mail/send_email", resource',
): string {
  const text = `// a comment\npermit(${scope})\n  when { ${condition} };`;
  try {
    return validatePolicies(parsePolicies([{ file: 'a.cedar', text }]), schema).join('\n') || 'valid';
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_POLICY_INVALID') return error.message;
    throw error;
  }
}

describe('validatePolicies', () => {
  it.each([
    'context.arguments.recipients.contains("a")',
    'context.arguments[""]',
    'context.arguments.options.draft',
    'context.arguments has amount && context.arguments.amount.lessThan(decimal("10.5"))',
    'context.arguments has priority && context.arguments.priority < 3',
    'context.run.attested && context.run.integrity == "trusted" && context.run.task like "*"',
    'context has user && context.user.groups.contains("x") && context.user.entity in Chaperone::Group::"x"',
    'context has user && context.user.attributes has dept && context.user.attributes.dept == "sales"',
    'context has user && context.user.entity.hasTag("dept") && context.user.entity.getTag("dept") == "sales"',
    'context.now < datetime("2030-01-01") && context.effect == "write" && context.consequence == "high"',
    'principal.name == "support" && principal.tenant == "default"',
    'resource.declared && resource.name == "mail/x" && resource in Chaperone::Server::"mail"',
  ])('accepts %s', (condition) => {
    expect(check(condition)).toBe('valid');
  });

  it('accepts odd argument names, and warns of them', () => {
    expect(check('context.arguments["odd \\"name\\"\\n"] == "x"')).toMatch(/^a\.cedar:3:10: identifier /);
  });

  it.each(['*', 'write', 'mail/*'])('knows the action group %s', (group) => {
    expect(check('context.run.attested', `principal, action in Chaperone::Action::"${group}", resource`)).toBe('valid');
  });

  it.each([
    [
      'context.arguments.recipient == "a"',
      /^a\.cedar:3:10: attribute `arguments\.recipient` .* not found \(did you mean `recipients`\?\)$/,
    ],
    ['true && context.usr.id == "a"', /^a\.cedar:3:18: attribute `usr` .* not found/],
    [
      'principal.nam == "a"',
      /^a\.cedar:3:10: attribute `nam` on entity type `Chaperone::Agent` not found \(did you mean `name`\?\)$/,
    ],
    ['context.user.id == "a"', /^a\.cedar:3:10: unable to guarantee safety of access to optional attribute `user`/],
    ['context.arguments.priority == 1', /^a\.cedar:3:10: .*optional attribute `arguments\.priority`/],
    ['context.arguments.subject == 1', /^a\.cedar:3:10: /],
    ['context.arguments.anything == 1', /^a\.cedar:3:10: attribute `arguments\.anything` .* not found/],
    ['context.run.atested', /^a\.cedar:3:10: attribute `run\.atested` /],
  ])('refuses %s, and says where', (condition, expected) => {
    expect(check(condition)).toMatch(expected);
  });

  it('refuses a tool nobody has', () => {
    expect(check('true', 'principal, action == Chaperone::Action::"mail/sendemail", resource')).toMatch(
      /^a\.cedar:2:29: unrecognized action `Chaperone::Action::"mail\/sendemail"` \(did you mean/,
    );
  });

  it('checks a policy against every tool it can apply to', () => {
    expect(check('context.arguments.subject == "x"', 'principal, action, resource')).toMatch(/"mail\/list" not found/);
  });

  it('warns of what is valid and never applies', () => {
    expect(check('false')).toMatch(/^a\.cedar:2:1: /);
  });

  it('blames the file in the order it is written', () => {
    const texts = Array.from({ length: 12 }, () => 'permit(principal, action, resource) when { context.x };');
    const policies = parsePolicies([{ file: 'a', text: texts.join('\n') }]);
    let message = '';
    try {
      validatePolicies(policies, schema);
    } catch (error) {
      message = (error as Fault).message;
    }
    const lines = message.split('\n').map((line) => Number(line.split(':')[1]));
    expect(lines.slice(0, 10)).toEqual([...lines.slice(0, 10)].sort((a, b) => a - b));
    expect(lines[0]).toBe(1);
  });
});
