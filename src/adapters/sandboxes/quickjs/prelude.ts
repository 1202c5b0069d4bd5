/**
 * What runs in the virtual machine before a snippet, and takes what it needs from it while it is still as it was made:
 * whatever the snippet does to prototypes and globals afterwards, it does to itself. It leaves `tools`, `console` and
 * `files` behind. The functions it is given are gone for the snippet: nothing names them.
 */
export const PRELUDE = `(function (call, print, names, files) {
  'use strict';
  const { parse, stringify } = JSON;
  const { create, freeze, keys } = Object;
  const text = String;
  const show = (value) => (typeof value === 'string' ? value : (stringify(value) ?? text(value)));
  const tools = create(null);
  for (const name of parse(names)) {
    const slash = name.indexOf('/');
    const server = name.slice(0, slash);
    const tool = name.slice(slash + 1);
    tools[server] ??= create(null);
    tools[server][tool] = async (argument = {}) => parse(await call(name, stringify(argument) ?? 'null'));
  }
  for (const server of keys(tools)) freeze(tools[server]);
  const line = (stream) => (...values) => {
    let out = '';
    for (let i = 0; i < values.length; i++) out += (i === 0 ? '' : ' ') + show(values[i]);
    print(stream, out + '\\n');
  };
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: false, configurable: false, enumerable: true });
  define('tools', freeze(tools));
  define('console', freeze({ log: line('out'), info: line('out'), warn: line('error'), error: line('error') }));
  const held = create(null);
  const given = parse(files);
  for (const path of keys(given)) held[path] = given[path];
  define('files', freeze({
    list: () => keys(held),
    read: (path) => held[text(path)],
    write: (path, value) => { held[text(path)] = text(value); },
    remove: (path) => { delete held[text(path)]; },
  }));
  return () => stringify(held);
})`;
