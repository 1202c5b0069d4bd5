import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import { manifestSchema } from '../model/manifest.ts';
import type { Tool } from '../model/tool.ts';
import { governTools } from './govern.ts';
import { inferTool } from './infer.ts';

function tool(name: string, over: Partial<Tool> = {}): Tool {
  return { server: 'acme', name, description: '', inputSchema: { type: 'object', properties: {} }, ...over };
}
function taking(name: string, properties: JsonObject, over: Partial<Tool> = {}): Tool {
  return tool(name, { inputSchema: { type: 'object', properties }, ...over });
}
const text = { type: 'string' };
const placeOf = () => ({ file: 'chaperone.yaml', line: 1, column: 1 });

describe('effect from the name', () => {
  const reads = [
    ...[
      'get_weather',
      'getWeather',
      'GetWeather',
      'get-weather',
      'list',
      'search_messages',
      'describeTable',
      'find_by_name',
    ],
    ...[
      'contacts.search',
      'mail/messages.list',
      'mcp__mail__search',
      'acme_list_rooms',
      'acmeListRooms',
      'getHTTPStatus',
    ],
    ...[
      'mcp.resources.read',
      'mcp.prompts.get',
      'mcp.completion.complete',
      'find_and_count',
      'list_sent',
      'count_items2',
      'get_leave_requests',
      'list_transfer_fees',
    ],
  ];
  it.each(reads)('%s is a read', (name) => expect(inferTool(tool(name)).effect.value).toBe('read'));

  const writes = [
    // unknown verbs, known writes, nothing to go by
    ...['frobnicate', 'weather', 'send_message', 'sync', 'refresh_list', 'share_list', 'unread_get', '', '___', '42'],
    // a read verb that does not open the name, or another server's prefix
    ...['other_get_rooms', 'approve_search', 'do.purge'],
    // a second verb
    ...[
      'get_or_create_user',
      'find_and_replace',
      'readAndArchive',
      'list_then_frobnicate',
      'search_delete',
      'purge.list',
    ],
    // the action is an argument, sessions, downloads, logins, navigation
    ...['manage_list', 'manageAppointments', 'open_session', 'get_session', 'download_file', 'get_download', 'login'],
    ...['get_leave', 'leave_requests', 'find_leave_deletes', 'find_delete_requests', 'get_leave_requests_done'],
    ...['fetch_login', 'navigate_to', 'browser.goto', 'check_out', 'run_query', 'query', 'execute', 'use_get'],
    // look-alike letters: Cyrillic e, fullwidth g, a zero-width space inside
    ...['g\u0435t_weather', '\uff47et_weather', 'g\u200bet_weather', 'getter', 'lister_all', 'reads'],
  ];
  it.each(writes)('%s is a write', (name) => expect(inferTool(tool(name)).effect.value).toBe('write'));
});

describe('the name of a vendor before the verb', () => {
  const names = (text: string) => text.split(' ');
  const effectsOf = (server: string, toolNames: readonly string[]): string[] => {
    const tools = toolNames.map((name) => tool(name, { server }));
    return [...governTools(tools, manifestSchema.parse({ version: 1 }), placeOf).tools.values()].map(
      ({ tool: { name }, effect }) => `${name} ${effect}`,
    );
  };

  it.each([
    ['gmail', 'gmail_list_messages'],
    ['google-drive', 'google_drive_search_files'],
    ['GitHub', 'githubGetIssue'],
  ])('is skipped where it is the server’s own id: %s', (server, name) => {
    expect(inferTool(tool(name, { server })).effect.value).toBe('read');
  });

  it('is skipped where all of a server’s tools begin with it', () => {
    const tools = names('slack_list_channels slack_post_message slack_get_users slack_search_messages');
    expect(effectsOf('team-chat', tools)).toEqual([
      'slack_list_channels read',
      'slack_post_message write',
      'slack_get_users read',
      'slack_search_messages read',
    ]);
    expect(effectsOf('team-chat', [...tools, 'mcp.resources.read'])).toContain('slack_get_users read');
  });

  it.each([
    ['another tool begins otherwise', 'chat', 'slack_list_channels slack_get_users slack_post_message list_emoji'],
    ['there are few tools', 'chat', 'slack_list_channels slack_get_users slack_post_message'],
    ['it is a verb', 'chat', 'share_list_items share_get_items share_view_items share_find_items'],
    ['it is a verb, and the server’s id too', 'sync', 'sync_list_items sync_get_items sync_view_items sync_find_items'],
    ['it changes things, and is the server’s id', 'delete', 'delete_list_items'],
    // a noun that looks like a verb is all that is left
    ['nothing follows the verb', 'chat', 'grok_list grok_view grok_count grok_find'],
    ['it is of two tools of one name', 'chat', 'slack_get_a slack_get_a slack_get_a slack_get_a'],
  ])('is not skipped where %s', (_, server, toolNames) => {
    for (const effect of effectsOf(server, names(toolNames)).filter((one) => !one.startsWith('list_emoji'))) {
      expect(effect).toMatch(/ write$/);
    }
  });

  it('is skipped where it is a toolkit’s of several words, each time before a verb that is known', () => {
    const tools = names('FileCabinetReadPage FileCabinetAddPage FileCabinetListPages FileCabinetPostPage RoomOpenDoor');
    expect(effectsOf('office', tools)).toContain('FileCabinetReadPage read');
    expect(effectsOf('office', tools)).toContain('FileCabinetAddPage write');
    // a verb that nobody knows may stand before it
    const [, ...others] = [...tools, ...names('FileCabinetFrobnicateListOfPages')];
    expect(effectsOf('office', others)).toContain('FileCabinetListPages write');
  });

  it('is skipped in a list of many vendors, each with few tools', () => {
    const tools = names(
      'NOTION_SEARCH NOTION_GET_PAGE NOTION_APPEND_BLOCK JIRA_LIST_ISSUES JIRA_CREATE_ISSUE X_FIND_POST',
    );
    const more = names('VERCEL_LIST_SITES VERCEL_ADD_ENV GMAIL_SEND_EMAIL DRIVE_SHARE_LIST');
    const effects = effectsOf('app', [...tools, ...more]);
    const reads = effects.filter((one) => one.endsWith(' read')).map((one) => one.slice(0, -5));
    expect(reads).toEqual(names('NOTION_SEARCH NOTION_GET_PAGE JIRA_LIST_ISSUES X_FIND_POST VERCEL_LIST_SITES'));
    // the same names among others that are worded otherwise
    expect(effectsOf('app', [...tools, ...names('list_a get_b add_c find_d')])).toContain('X_FIND_POST write');
  });

  it('is not that of another server', () => {
    const tools = names('a b c d').map((end) => tool(`acme_get_${end}`, { server: 'one' }));
    const all = [...tools, tool('acme_get_it', { server: 'two' })];
    const governed = governTools(all, manifestSchema.parse({ version: 1 }), placeOf).tools;
    expect(governed.get('one/acme_get_a')?.effect).toBe('read');
    expect(governed.get('two/acme_get_it')?.effect).toBe('write');
  });
});

describe('the object before the verb', () => {
  const names = (text: string) => text.split(' ');
  const effectsOf = (toolNames: readonly string[], properties: JsonObject = {}): string[] =>
    [
      ...governTools(
        toolNames.map((name) => taking(name, properties)),
        manifestSchema.parse({ version: 1 }),
        placeOf,
      ).tools.values(),
    ].map(({ tool: { name }, effect }) => `${name} ${effect}`);
  const style = names('dealUpdate quoteSend taskCreate recordDelete');

  it('is skipped where a server words nearly all of its names so', () => {
    const reads = names('contactsSearch inboxList messageRead priceBookGet noteGet dealsQuery getTime');
    expect(effectsOf([...style, ...reads])).toEqual([
      ...style.map((name) => `${name} write`),
      ...reads.map((name) => `${name} read`),
    ]);
  });

  it.each([
    ['a verb stands first', 'shareList'],
    ['a write stands in it', 'itemFindAndReplace'],
    ['no verb is known', 'meetingsOn'],
    ['it opens with what it queries', 'queryDeals'],
  ])('is a write where %s', (_, name) => expect(effectsOf([...style, name])).toContain(`${name} write`));

  it('is a write where the query can be any statement', () => {
    expect(effectsOf([...style, 'tableQuery'], { query: text })).toContain('tableQuery write');
    expect(effectsOf([...style, 'tableQuery'], { filter: { enum: ['open'] } })).toContain('tableQuery read');
  });

  it('is not skipped where a server’s names open with their verbs, or there are few', () => {
    expect(effectsOf([...style, ...names('send_a add_b get_c list_d'), 'contactsSearch'])).toContain(
      'contactsSearch write',
    );
    expect(effectsOf([...style.slice(0, 2), 'contactsSearch'])).toContain('contactsSearch write');
  });
});

describe('a read that takes or marks what it reads', () => {
  it.each([
    'get_unread_mails',
    'list_unseen',
    'read_next_message',
    'getNext',
    'fetch_and_pop',
    'find_and_claim_ticket',
    'get_and_consume',
    'read_queue_dequeue',
    'poll_next',
  ])('%s is a write', (name) => expect(inferTool(tool(name)).effect.value).toBe('write'));

  it.each([
    ['The messages are marked as read.', 'write'],
    ['Every item is then marked, on the server, as seen', 'write'],
    ['Gets the items that are marked as important.', 'read'],
    ['Gets the items that are marked. Returns them as read from the disk.', 'read'],
  ])('may say so: %s', (description, effect) => {
    expect(inferTool(tool('get_messages', { description })).effect.value).toBe(effect);
  });

  it('is of low consequence where that is all it does', () => {
    expect(inferTool(taking('get_unread_mails', { limit: { type: 'integer' }, folder: text }))).toMatchObject({
      effect: { value: 'write', because: 'its name holds `unread`, and reading may mark or take it' },
      consequence: { value: 'low' },
      // what a read sends nowhere, this sends nowhere
      sinks: [],
    });
  });

  it.each<[string, Tool]>([
    ['it reads what is secret', tool('get_next_token')],
    ['it can be sent anywhere', taking('get_unread_mails', { callback: text })],
    ['it does something else too', tool('get_and_delete_unread')],
    ['an argument says what to do', taking('get_unread_mails', { action: text })],
    ['its description says more', tool('get_unread_mails', { description: 'Returns mails and then deletes them.' })],
    ['its verb is not known', tool('pop_message')],
  ])('is not, where %s', (_, it) => expect(inferTool(it).consequence.value).toBe('high'));
});

describe('a verb that computes', () => {
  it.each([
    ...['check_balance', 'check_room_availability', 'checkOrderStatus', 'calculate_distance', 'compare_prices'],
    ...['validate_schema', 'validate_address_format', 'count_items', 'count_by_status', 'count', 'countRows'],
    ...['calculate_total_price', 'check_run_status'],
  ])('%s is a read', (name) => expect(inferTool(tool(name)).effect.value).toBe('read'));

  it.each([
    // the rest may change something
    ...['check_in', 'check_in_guest', 'check_out_book', 'check_off_item', 'check_box', 'check', 'check_inbox'],
    ...['validate_ticket', 'validate_account', 'validate_and_submit_format', 'validate_email', 'validate'],
    ...['compare_and_swap', 'compare_and_set_price', 'compare_products', 'calculate_payroll', 'calculate'],
    ...['calculate_and_apply_tax', 'count_vote', 'count_down', 'count_in', 'verify_status', 'check_mark_status'],
    ...[
      'check_in_status',
      'check_off_stock',
      'count_down_total',
      'check_close_status',
      'check_reset_balance',
      'check_order',
      'count_order',
    ],
  ])('%s is a write', (name) => expect(inferTool(tool(name)).effect.value).toBe('write'));
});

describe('effect is only ever tightened', () => {
  it.each<[string, Tool]>([
    ['an action argument', taking('get_items', { action: text })],
    ['an operation named last', taking('get_items', { bulk_operation: text })],
    ['a nested method', taking('list_items', { request: { type: 'object', properties: { method: text } } })],
    ['free SQL', taking('read_table', { sql: text })],
    ['a flag that writes', taking('get_items', { mark_as_seen: { type: 'boolean' } })],
    ['a flag of no type', taking('get_items', { delete_after: {} })],
    ['a listed action', taking('view_items', { how: { enum: ['peek', 'delete'] } })],
    [
      'an action behind a reference',
      tool('get_items', { inputSchema: { $ref: '#/$defs/a', $defs: { a: { properties: { command: text } } } } }),
    ],
    [
      'an action in one alternative',
      tool('get_items', { inputSchema: { anyOf: [{ properties: { x: text } }, { properties: { cmd: text } }] } }),
    ],
    ['arguments left open', tool('get_items', { inputSchema: { type: 'object', additionalProperties: true } })],
    ['a reference that leads nowhere', taking('get_items', { filter: { $ref: '#/$defs/none' } })],
    ['readOnlyHint: false', tool('get_items', { annotations: { readOnlyHint: false } })],
    ['destructiveHint: true', tool('get_items', { annotations: { destructiveHint: true } })],
    [
      'a description that opens with a write',
      tool('get_items', { description: 'Creates an item where there is none.' }),
    ],
    [
      'a description with a second verb',
      tool('get_items', { description: 'Returns the items and then deletes them.' }),
    ],
  ])('%s makes a write', (_, it) => expect(inferTool(it).effect.value).toBe('write'));

  it.each<[string, Tool]>([
    ['readOnlyHint: true', tool('frobnicate', { annotations: { readOnlyHint: true, destructiveHint: false } })],
    ['a soothing description', tool('frobnicate', { description: 'Read-only. Only lists items. Safe.' })],
    ['a soothing title', tool('frobnicate', { title: 'List items' })],
  ])('%s relaxes nothing', (_, it) => {
    expect(inferTool(it)).toMatchObject({ effect: { value: 'write' }, consequence: { value: 'high' } });
  });

  it.each<[string, Tool]>([
    ['a noun that ends like an action', taking('get_price', { country_code: text, payment_method: text })],
    ['a date filter', taking('list_items', { created_after: text, updated: { type: 'boolean' } })],
    [
      'an innocent description',
      tool('get_items', { description: 'Gets the items that were created or deleted today.' }),
    ],
  ])('%s leaves a read', (_, it) => expect(inferTool(it).effect.value).toBe('read'));
});

describe('consequence', () => {
  it.each<[string, Tool, string]>([
    ['a plain read', taking('get_weather', { city: text }), 'low'],
    ['a read that chooses where to go', taking('get_page', { url: text }), 'high'],
    [
      'a read whose argument is a URL by format',
      taking('get_page', { page: { type: 'string', format: 'uri' } }),
      'high',
    ],
    [
      'a read whose argument is a URL by description',
      taking('get_page', { page: { type: 'string', description: 'The URL to load' } }),
      'high',
    ],
    ['a read of secrets', tool('list_passwords'), 'high'],
    ['a read that says it is open-world', tool('search_web', { annotations: { openWorldHint: true } }), 'medium'],
    ['an unknown verb', tool('frobnicate'), 'high'],
    ['a removal', tool('delete_note'), 'high'],
    ['an addition that reaches nobody', taking('create_note', { title: text }), 'medium'],
    ['an addition with a recipient', taking('create_note', { shared_with_users: text }), 'high'],
    ['an addition with an amount', taking('create_note', { amount: { type: 'number' } }), 'high'],
    ['an addition of access', tool('add_role'), 'high'],
    ['an addition of money', tool('create_payments'), 'high'],
    ['an addition to the open world', tool('create_note', { annotations: { openWorldHint: true } }), 'high'],
  ])('%s', (_, it, consequence) => expect(inferTool(it).consequence.value).toBe(consequence));

  it('is never low for a write that nobody declared', () => {
    for (const verb of ['create', 'add', 'append', 'draft', 'save', 'star', 'bookmark', 'mark', 'like']) {
      expect(inferTool(tool(`${verb}_note`)).consequence.value).not.toBe('low');
    }
  });
});

describe('sinks', () => {
  it('names what each argument of a write carries', () => {
    const properties = {
      recipients: { type: 'array', items: text },
      body: text,
      callback_url: text,
      amount: { type: 'number' },
      email_id: text,
      recipient_name: text,
      to_version: text,
      related_to: text,
      retries: { type: 'integer' },
      urgent: { type: 'boolean' },
      tone: { enum: ['warm', 'cold'] },
      options: { type: 'object', properties: { reply_to: { anyOf: [text, { type: 'null' }] } } },
    };
    const sinks = inferTool(taking('frobnicate', properties)).sinks.map(({ path, carries }) => `${path} ${carries}`);
    expect(sinks).toEqual([
      'recipients[] recipient',
      'body data',
      'callback_url destination',
      'amount authority',
      'email_id authority',
      'recipient_name recipient',
      'to_version data',
      'related_to data',
      'options.reply_to recipient',
    ]);
  });

  it('takes for a choice what is chosen from a list or counted, and for none what measures or forms', () => {
    const properties = {
      environment: { enum: ['staging', 'production'] },
      shade: { enum: ['a', 'b'] },
      value: { type: 'number' },
      issue_number: { type: 'integer' },
      private: { type: 'boolean' },
      loud: { type: 'boolean' },
      degrees: { type: 'number' },
      output_format: { enum: ['pdf', 'csv'] },
      person: text,
    };
    const sinks = inferTool(taking('frobnicate', properties)).sinks.map(({ path, carries }) => `${path} ${carries}`);
    expect(sinks).toEqual([
      ...['environment authority', 'shade authority', 'value authority', 'issue_number authority', 'private authority'],
      'person recipient',
    ]);
    expect(inferTool(taking('search', properties)).sinks).toEqual([]);
  });

  it('knows what is chosen in a booking', () => {
    const properties = { hotel: text, restaurant_name: text, flight: text, company: text, notes: text };
    const sinks = inferTool(taking('reserve', properties)).sinks.map(({ path, carries }) => `${path} ${carries}`);
    expect(sinks).toEqual([
      'hotel authority',
      'restaurant_name authority',
      'flight authority',
      'company authority',
      'notes data',
    ]);
  });

  it('reports what the schema leaves open', () => {
    const open = (inputSchema: JsonObject) =>
      inferTool(tool('frobnicate', { inputSchema })).sinks.map((sink) => sink.path);
    expect(open({ type: 'object', additionalProperties: true })).toEqual(['*']);
    expect(open({ type: 'object', properties: { a: { type: 'object', additionalProperties: text } } })).toContain(
      'a.*',
    );
    expect(
      open({ $ref: '#/$defs/self', $defs: { self: { properties: { next: { $ref: '#/$defs/self' } } } } }),
    ).toContain('next.*');
    expect(open({ $ref: 'https://example.com/schema' })).toEqual(['*']);
    expect(open({ properties: { a: true } })).toEqual(['a']);
  });

  it('of a read are only what chooses where it goes, and every text where the world is open', () => {
    const properties = { query: text, host: text, limit: { type: 'integer' } };
    expect(inferTool(taking('search_it', properties)).sinks.map((sink) => sink.path)).toEqual(['host']);
    const open = taking('search_it', properties, { annotations: { openWorldHint: true } });
    expect(inferTool(open).sinks.map((sink) => sink.path)).toEqual(['query', 'host']);
  });
});

describe('source', () => {
  const closed = {
    type: 'object',
    additionalProperties: false,
    properties: { total: { type: 'number' }, state: { enum: ['on', 'off'] } },
  };
  it.each<[string, JsonObject | undefined, boolean]>([
    ['no output schema', undefined, true],
    ['numbers and listed values', closed, false],
    ['a text field', { ...closed, properties: { name: text } }, true],
    ['fields left open', { ...closed, additionalProperties: true }, true],
    ['fields left unsaid', { type: 'object', properties: { total: { type: 'number' } } }, true],
    ['a nested text', { ...closed, properties: { a: { type: 'array', items: text } } }, true],
    ['a keyword that opens it', { ...closed, anyOf: [{ properties: { x: text } }] }, true],
    ['an object with no fields', { type: 'object', additionalProperties: false, properties: {} }, true],
  ])('%s', (_, outputSchema, source) => {
    const it = tool('get_items', outputSchema === undefined ? {} : { outputSchema });
    expect(inferTool(it).source.value).toBe(source);
  });
});

it('says why', () => {
  expect(inferTool(tool('other_get_rooms')).effect.because).toBe('`other` is not a known read verb');
  expect(inferTool(taking('get_page', { url: text })).consequence.because).toBe(
    'its argument `url` chooses where a request goes',
  );
});
