/**
 * Takes out of an error text what describes the machine it came from: stack traces, paths of files, internal hosts and
 * addresses, ports, process and container ids, versions of servers, connection strings. The sentence that says what
 * went wrong stays. For text on its way to a model or a user; the whole text belongs in the record.
 */
export function stripInternals(text: string): string {
  const kept: string[] = [];
  let inTrace = false;
  for (const line of text.slice(0, MAX_CHARS).split('\n')) {
    const isFrame = FRAMES.some((pattern) => pattern.test(line));
    if (isFrame && !inTrace) kept.push('[stack trace removed]');
    // Python prints the source line under a frame, further in.
    inTrace = isFrame || (inTrace && /^\s{4,}\S/.test(line));
    if (!inTrace) kept.push(stripLine(line));
  }
  if (text.length > MAX_CHARS) kept.push('[rest removed]');
  return kept.join('\n');
}

/** An error text longer than this is a log, not a message. */
const MAX_CHARS = 65_536;

/** Frames of stack traces: JavaScript, Python, Java and its kin, Go, Rust, Ruby, PHP, .NET. */
const FRAMES: readonly RegExp[] = [
  /^\s{1,40}at \S/,
  /^\s{0,40}File "[^"]{1,1000}", line \d/,
  /^Traceback \(most recent call last\)/,
  /^\s{0,40}(?:Caused by: |\.{3} \d{1,6} more)/,
  /^\s{0,8}goroutine \d{1,9} \[/,
  /^\s{1,8}\S{1,500}\.(?:go|rs|rb|py|java|kt|php|cs|c|cc|cpp|ts|js):\d{1,7}\b/,
  /^#\d{1,4} {1,4}\S/,
  /^stack backtrace:/,
  /^\s{1,8}\d{1,4}: {1,4}\S{1,400}$/,
];

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/@"'<>]{1,200}@[^\s"'<>)]{1,500}/gi, '[connection removed]'],
  [
    /\b(?:jdbc|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqps?|mssql|file):[^\s"'<>)]{1,500}/gi,
    '[connection removed]',
  ],
  [/(?<![\w:/.])(?:~|\.{0,2})\/(?:[\w.@+-]{1,100}\/){1,40}[\w.@+-]{0,100}(?::\d{1,7}){0,2}/g, '[path]'],
  [
    /(?<![\w\\])(?:[A-Za-z]:\\|\\\\[\w.-]{1,60}\\)(?:[^\\\s"'<>|:*?]{1,100}\\){0,40}[^\\\s"'<>|:*?]{0,100}(?::\d{1,7}){0,2}/g,
    '[path]',
  ],
  [
    /\b(?:10|127|0)\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?|\b(?:172\.(?:1[6-9]|2\d|3[01])|192\.168|169\.254)\.\d{1,3}\.\d{1,3}(?::\d{1,5})?/g,
    '[address]',
  ],
  [/\[?(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\]?|::1\b/gi, '[address]'],
  [/\blocalhost(?::\d{1,5})?\b/gi, '[address]'],
  [
    /(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:internal|local|localdomain|lan|intranet|corp|svc|cluster|home)\b(?:\.[a-z]{2,10})?(?::\d{1,5})?/gi,
    '[host]',
  ],
  [/\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b(?:\.[a-z0-9.-]{1,80})?/gi, '[host]'],
  [/\b(?:pid|process|container|pod|tid|thread)[ =:#]{1,3}[\w./-]{2,80}/gi, '[process]'],
  [
    /\b(?:node|python|php|ruby|java|openjdk|nginx|apache|express|django|rails|tomcat|mysql|postgresql|openssl|werkzeug|gunicorn|iis)[/ ]v?\d{1,3}(?:\.\d{1,5}){1,3}[\w.-]{0,20}/gi,
    '[server]',
  ],
  [/\b0x[0-9a-f]{6,16}\b/gi, '[address]'],
];

function stripLine(line: string): string {
  let stripped = line;
  for (const [pattern, replacement] of REPLACEMENTS) stripped = stripped.replace(pattern, replacement);
  return stripped;
}
