import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  completable,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** What the server announces when one of its test tools is told to change a list. */
export interface Announcer {
  toolsChanged(): void;
  promptsChanged(): void;
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const STATE_KEY = new Uint8Array(32).fill(7);

const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });
const pause = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));
const nothing = z.object({});
const form = (message: string, properties: Record<string, { type: 'string' } | { type: 'boolean' }>) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required: Object.keys(properties) } });

/**
 * A server that offers everything the official conformance suite asks of one, in both eras, built with the official
 * SDK. It stands behind the gateway in its tests.
 */
export function createUpstreamServer(announcer: Announcer): McpServer {
  const codec = createRequestStateCodec<string>({ key: STATE_KEY });
  const server = new McpServer(
    { name: 'conformance-upstream', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: codec.verify },
    },
  );
  addContentTools(server);
  addProgressTools(server);
  addLegacyQuestions(server);
  addModernQuestions(server, (state) => codec.mint(state));
  addSchemaTools(server);
  addDiagnosticTools(server, announcer);
  addResources(server);
  addPrompts(server);
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  return server;
}

function addContentTools(server: McpServer): void {
  const embedded = (uri: string, mimeType: string, body: string) =>
    ({ type: 'resource', resource: { uri, mimeType, text: body } }) as const;
  server.registerTool('test_simple_text', { description: 'Returns a text.', inputSchema: nothing }, () =>
    text('This is a simple text response for testing.'),
  );
  server.registerTool('test_image_content', { description: 'Returns an image.', inputSchema: nothing }, () => ({
    content: [{ type: 'image', data: PNG, mimeType: 'image/png' }],
  }));
  server.registerTool('test_audio_content', { description: 'Returns audio.', inputSchema: nothing }, () => ({
    content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  }));
  server.registerTool('test_embedded_resource', { description: 'Returns a resource.', inputSchema: nothing }, () => ({
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  }));
  server.registerTool('test_multiple_content_types', { description: 'Returns a mix.', inputSchema: nothing }, () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  }));
  server.registerTool('test_error_handling', { description: 'Always fails.', inputSchema: nothing }, () => ({
    ...text('This tool intentionally returns an error for testing'),
    isError: true,
  }));
}

function addProgressTools(server: McpServer): void {
  server.registerTool('test_tool_with_logging', { description: 'Logs.', inputSchema: nothing }, async (_, ctx) => {
    for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ctx.mcpReq.log('info', message);
      await pause(50);
    }
    return text('Logged three messages.');
  });
  server.registerTool(
    'test_logging_tool',
    { description: 'Logs if asked to.', inputSchema: nothing },
    async (_, ctx) => {
      await ctx.mcpReq.log('info', 'a message for those who want it');
      return text('Logged.');
    },
  );
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Progresses.', inputSchema: nothing },
    async (_, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: 100 },
          });
        }
        await pause(50);
      }
      return text('Reached 100.');
    },
  );
}

/** Tools that ask the client in the middle of a call, as the session era does. */
function addLegacyQuestions(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model of the client.', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, ctx) => {
      const { content } = await ctx.mcpReq.requestSampling({
        messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
        maxTokens: 100,
      });
      return text(`LLM response: ${'text' in content ? content.text : ''}`);
    },
  );
  const ask = async (ctx: ServerContext, message: string, properties: object, required: string[] = []) => {
    const requestedSchema = { type: 'object', properties, required };
    // The suite wants schemas that are wider than the SDK's type for them.
    const { action, content } = await ctx.mcpReq.elicitInput({ message, requestedSchema } as never);
    return { action, content: JSON.stringify(content ?? {}) };
  };
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user.', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) => {
      const fields = {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      };
      const { action, content } = await ask(ctx, message, fields, ['username', 'email']);
      return text(`User response: action=${action}, content=${content}`);
    },
  );
  server.registerTool(
    'test_elicitation_sep1034_defaults',
    { description: 'Asks.', inputSchema: nothing },
    async (_, ctx) => {
      const { action, content } = await ask(ctx, 'Please review', {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      });
      return text(`Elicitation completed: action=${action}, content=${content}`);
    },
  );
  server.registerTool(
    'test_elicitation_sep1330_enums',
    { description: 'Asks.', inputSchema: nothing },
    async (_, ctx) => {
      const titled = (noun: string) =>
        ['First', 'Second', 'Third'].map((rank, i) => ({ const: `value${i + 1}`, title: `${rank} ${noun}` }));
      const plain = ['option1', 'option2', 'option3'];
      const { action, content } = await ask(ctx, 'Please choose', {
        untitledSingle: { type: 'string', enum: plain },
        titledSingle: { type: 'string', oneOf: titled('Option') },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
        titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
      });
      return text(`Elicitation completed: action=${action}, content=${content}`);
    },
  );
}

/** Tools that answer with what they need, as the stateless era does. */
function addModernQuestions(server: McpServer, mint: (state: string) => Promise<string>): void {
  const askName = () => form('What is your name?', { name: { type: 'string' } });
  const sample = (question: string, maxTokens: number) =>
    inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: question } }], maxTokens });
  const register = (name: string, answer: (ctx: ServerContext) => Promise<unknown>) =>
    server.registerTool(
      `test_input_required_result_${name}`,
      { description: 'Asks before it answers.', inputSchema: nothing },
      // Both shapes a handler may answer with are among those the suite asks for.
      async (_, ctx) => (await answer(ctx)) as CallToolResult,
    );

  register('elicitation', async ({ mcpReq }) => {
    const name = acceptedContent(mcpReq.inputResponses, 'user_name')?.['name'];
    return typeof name === 'string'
      ? text(`Hello, ${name}!`)
      : inputRequired({ inputRequests: { user_name: askName() } });
  });
  register('sampling', async ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'capital_question');
    return answer.kind === 'sampling'
      ? text(`The model said: ${JSON.stringify(answer.result.content)}`)
      : inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?', 100) } });
  });
  register('list_roots', async ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'client_roots');
    return answer.kind === 'roots'
      ? text(`Roots: ${answer.roots.map((root) => root.uri).join(', ')}`)
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirm = () => form('Please confirm', { ok: { type: 'boolean' } });
  for (const name of ['request_state', 'tampered_state']) {
    register(name, async ({ mcpReq }) => {
      const state = mcpReq.requestState<string>();
      return state === name && inputResponse(mcpReq.inputResponses, 'confirm').kind === 'elicit'
        ? text('state-ok')
        : inputRequired({ inputRequests: { confirm: confirm() }, requestState: await mint(name) });
    });
  }
  register('multiple_inputs', async ({ mcpReq }) => {
    const kinds = ['user_name', 'greeting', 'client_roots'].map(
      (key) => inputResponse(mcpReq.inputResponses, key).kind,
    );
    if (mcpReq.requestState<string>() === 'several' && !kinds.includes('missing')) return text('Everything arrived.');
    return inputRequired({
      inputRequests: {
        user_name: askName(),
        greeting: sample('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await mint('several'),
    });
  });
  register('multi_round', async ({ mcpReq }) => {
    const state = mcpReq.requestState<string>();
    const answered = (key: string) => inputResponse(mcpReq.inputResponses, key).kind === 'elicit';
    if (state === 'second' && answered('step2')) return text('Both steps done.');
    if (state === 'first' && answered('step1')) {
      const step2 = form('Step 2: What is your favorite color?', { color: { type: 'string' } });
      return inputRequired({ inputRequests: { step2 }, requestState: await mint('second') });
    }
    const step1 = form('Step 1: What is your name?', { name: { type: 'string' } });
    return inputRequired({ inputRequests: { step1 }, requestState: await mint('first') });
  });
  register('capabilities', async ({ mcpReq }) => {
    const declared = readCapabilities(mcpReq.envelope);
    const responses = Object.keys(mcpReq.inputResponses ?? {});
    if (responses.length > 0) return text(`Answered: ${responses.join(', ')}`);
    return inputRequired({
      inputRequests: {
        ...(declared.elicitation ? { name: askName() } : {}),
        ...(declared.sampling ? { greeting: sample('Generate a greeting', 50) } : {}),
        ...(declared.roots ? { roots: inputRequired.listRoots() } : {}),
      },
      requestState: await mint('capabilities'),
    });
  });
}

function readCapabilities(envelope: ServerContext['mcpReq']['envelope']): ClientCapabilities {
  return (envelope as Record<string, ClientCapabilities> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
}

function addSchemaTools(server: McpServer): void {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    ...{ allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }], then: { required: ['phone'] } },
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    else: { required: ['email'] },
    additionalProperties: false,
  };
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Tool with JSON Schema 2020-12 features', inputSchema: fromJsonSchema(schema) },
    () => text('Accepted.'),
  );
  const routed = {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, note: { type: 'string' } },
    required: ['region'],
  };
  server.registerTool(
    'test_custom_header',
    { description: 'Repeats an argument in a header.', inputSchema: fromJsonSchema(routed) },
    (args) => text(`Region: ${String((args as { region: unknown }).region)}`),
  );
  server.registerTool(
    'test_structured',
    {
      description: 'Answers in a structure.',
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ sum: z.number() }),
    },
    ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }], structuredContent: { sum: a + b } }),
  );
}

function addDiagnosticTools(server: McpServer, announcer: Announcer): void {
  // The SDK itself refuses to ask a client for what it did not declare.
  server.registerTool('test_missing_capability', { description: 'Needs sampling.', inputSchema: nothing }, (_, ctx) => {
    if (inputResponse(ctx.mcpReq.inputResponses, 'greeting').kind === 'sampling') return text('The client can sample.');
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Generate a greeting' } }];
    return inputRequired({ inputRequests: { greeting: inputRequired.createMessage({ messages, maxTokens: 50 }) } });
  });
  server.registerTool(
    'test_streaming_elicitation',
    { description: 'Asks on a stream.', inputSchema: nothing },
    async () => {
      const inputRequests = { user_name: form('What is your name?', { name: { type: 'string' } }) };
      return inputRequired({ inputRequests });
    },
  );
  server.registerTool('test_trigger_tool_change', { description: 'Announces.', inputSchema: nothing }, () => {
    announcer.toolsChanged();
    return text('Announced.');
  });
  server.registerTool('test_trigger_prompt_change', { description: 'Announces.', inputSchema: nothing }, () => {
    announcer.promptsChanged();
    return text('Announced.');
  });
  server.registerTool(
    'test_slow',
    { description: 'Waits, and says so when it is cancelled.', inputSchema: z.object({ delayMs: z.number() }) },
    async ({ delayMs }, ctx) => {
      const { promise: cancelled, resolve } = Promise.withResolvers<void>();
      ctx.mcpReq.signal.addEventListener('abort', () => resolve());
      await Promise.race([pause(delayMs), cancelled]);
      if (ctx.mcpReq.signal.aborted) cancellations.count++;
      return text('Waited.');
    },
  );
}

/** How often a slow call was cancelled, over all servers of this process. */
export const cancellations = { count: 0 };

function addResources(server: McpServer): void {
  const plain = { description: 'For testing.', mimeType: 'text/plain' };
  server.registerResource('static-text', 'test://static-text', plain, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
  }));
  server.registerResource('static-binary', 'test://static-binary', { ...plain, mimeType: 'image/png' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
  }));
  server.registerResource('watched', 'test://watched-resource', plain, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'Watched.' }],
  }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, { ...plain, mimeType: 'application/json' }, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
}

function addPrompts(server: McpServer): void {
  const said = (value: string) => ({ role: 'user', content: { type: 'text', text: value } }) as const;
  server.registerPrompt('test_simple_prompt', { description: 'Simple.' }, () => ({
    messages: [said('This is a simple prompt for testing.')],
  }));
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'With arguments.',
      argsSchema: z.object({
        arg1: completable(z.string().describe('First test argument'), (value) =>
          ['paris', 'park', 'party'].filter((word) => word.startsWith(value)),
        ),
        arg2: z.string().describe('Second test argument'),
      }),
    },
    ({ arg1, arg2 }) => ({ messages: [said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'resource',
            resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
          },
        },
        said('Please process the embedded resource above.'),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'With an image.' }, () => ({
    messages: [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      said('Please analyze the image above.'),
    ],
  }));
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first.' }, async (ctx) => {
    const context = acceptedContent(ctx.mcpReq.inputResponses, 'user_context')?.['context'];
    if (typeof context === 'string') return { messages: [said(`In the context of ${context}.`)] };
    const user_context = form('What context should the prompt use?', { context: { type: 'string' } });
    return inputRequired({ inputRequests: { user_context } });
  });
}
