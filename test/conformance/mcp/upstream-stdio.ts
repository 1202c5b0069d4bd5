import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createUpstreamServer } from './upstream-server.ts';

// The upstream on standard input and output, as a program of its own.
serveStdio(() => {
  const server = createUpstreamServer({
    toolsChanged: () => void server.sendToolListChanged(),
    promptsChanged: () => void server.sendPromptListChanged(),
  });
  return server;
});
