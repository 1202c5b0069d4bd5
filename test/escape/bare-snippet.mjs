// Runs the snippet on stdin in Node itself, with tools that do as little as those in the sandbox.
const merge = (into, from) => {
  for (const key of Object.keys(from)) {
    if (typeof from[key] === 'object') {
      into[key] ??= {};
      merge(into[key], from[key]);
    } else into[key] = from[key];
  }
};
const tools = {
  mail: {
    send: async () => 'sent',
    fail: async () => {
      throw new Error('no');
    },
    look: async (argument) => {
      if (argument.merge) merge({}, argument);
      return { ...{}, polluted: {}.polluted };
    },
    slow: () => new Promise((resolve) => setTimeout(resolve, 2_500, 'slow')),
  },
  vault: { read: async () => 'secret' },
};
let source = '';
for await (const chunk of process.stdin) source += chunk;
const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction('tools', source)(tools);
