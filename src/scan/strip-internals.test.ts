import { expect, it } from 'vitest';
import { stripInternals } from './strip-internals.ts';

it.each<[string, string]>([
  ['Order 4471 was not found.', 'Order 4471 was not found.'],
  [
    "ENOENT: no such file or directory, open '/srv/app/config/db.json'",
    "ENOENT: no such file or directory, open '[path]'",
  ],
  ['cannot open C:\\Users\\svc\\app\\key.pem', 'cannot open [path]'],
  ['connect ECONNREFUSED 10.2.3.4:5432', 'connect ECONNREFUSED [address]'],
  ['getaddrinfo ENOTFOUND db-1.prod.internal:5432', 'getaddrinfo ENOTFOUND [host]'],
  ['could not connect to postgres://app:pw@db.example.com/app', 'could not connect to [connection removed]'],
  ['nginx/1.24.0 answered 502, pid=4471', '[server] answered 502, [process]'],
  ['see https://docs.example.com/errors/42 for help', 'see https://docs.example.com/errors/42 for help'],
  ['Either yes and/or no, 3/4 of it.', 'Either yes and/or no, 3/4 of it.'],
  [
    'TypeError: x is not a function\n    at run (/srv/app/run.js:3:1)\n    at main (/srv/app/main.js:9:2)',
    'TypeError: x is not a function\n[stack trace removed]',
  ],
  [
    'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in run\n    do_it(secret_name)\nValueError: no such user',
    '[stack trace removed]\nValueError: no such user',
  ],
  [
    'boom\n\tat com.acme.Main.run(Main.java:3)\n\t... 12 more\nCaused by: java.io.IOException',
    'boom\n[stack trace removed]',
  ],
])('%j', (text, stripped) => {
  expect(stripInternals(text)).toBe(stripped);
  expect(stripInternals(stripped)).toBe(stripped);
});

it('takes bounded time, and cuts what is no message', () => {
  for (const piece of ['/a', 'a.', 'C:\\a\\', '1:', ' at x\n', '10.', '://a@']) {
    const before = performance.now();
    const stripped = stripInternals(piece.repeat(200_000));
    expect(performance.now() - before, piece).toBeLessThan(3_000);
    expect(stripped.endsWith('[rest removed]')).toBe(true);
  }
});
