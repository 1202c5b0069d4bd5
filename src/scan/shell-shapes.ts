import type { Detector, Finding } from './detector.ts';

/**
 * Commands for a shell that are written to be misread, or that do what hardly anybody means: a word broken up by quotes
 * or backslashes, words put together from variables, decoded and executed text; reading credentials, deleting trees,
 * sending files or the environment away, opening a shell to the network, staying for good. For text that will be run.
 */
export const shellShapes: Detector = {
  name: 'shell-shapes',
  detect(text) {
    const found: Finding[] = [];
    const seen = text.length > MAX_CHARS ? text.slice(0, MAX_CHARS) : text;
    collect(seen, RULES, found, true);
    const plain = straighten(seen);
    if (plain !== seen) collect(plain, DEEDS, found, false, seen.length);
    return found.sort((a, b) => a.start - b.start);
  },
};

/** A command line is shorter; of a longer text the beginning is read. */
const MAX_CHARS = 131_072;
const MAX_FINDINGS = 50;

interface Rule {
  readonly kind: string;
  readonly pattern: RegExp;
}

const rule = (kind: string, pattern: RegExp): Rule => ({ kind, pattern });

/** What the command would do. Repetitions are bounded, so that each pattern is linear. */
const DEEDS: readonly Rule[] = [
  rule(
    'reads-credentials',
    /(?:\/etc\/(?:passwd|shadow|sudoers|gshadow)|(?:~|\/home\/[\w.-]{1,40}|\/root|\$HOME)?\/?\.(?:ssh\/(?:id_[a-z0-9]{2,10}|authorized_keys)|aws\/credentials|kube\/config|netrc|pgpass|docker\/config\.json|gnupg|git-credentials)|\/proc\/(?:self|\d{1,7})\/environ)(?![\w])/gi,
  ),
  rule(
    'deletes-a-tree',
    /(?<![\w-])rm(?: {1,4}-{1,2}[\w-]{1,20}){0,4} {1,4}-(?=\w{0,8}r)(?=\w{0,8}f)\w{1,8}(?: {1,4}-{1,2}[\w-]{1,20}){0,4} {1,4}["']?(?:\/|~|\*|\.\.|\$)/gi,
  ),
  rule(
    'deletes-a-tree',
    /(?<![\w-])(?:rm {1,4}-r {1,4}-f|rm {1,4}-f {1,4}-r|find {1,4}\/[\w/.-]{0,60} {1,4}[^|;\n]{0,60}-delete|rmdir {1,4}\/s|del {1,4}\/[sfq])/gi,
  ),
  rule(
    'overwrites-a-disk',
    /(?<![\w-])(?:mkfs(?:\.\w{2,6})?|wipefs|shred) {1,4}[^|;\n]{0,40}\/|(?<![\w-])dd {1,4}[^|;\n]{0,120}of=\/dev\/|> ?\/dev\/(?:sd|nvme|hd|vd)[a-z0-9]/gi,
  ),
  rule(
    'runs-a-download',
    /(?<![\w-])(?:curl|wget|fetch)\b[^|;\n]{1,400}\| {0,4}(?:sudo {1,4})?(?:ba|z|da|k)?sh\b|(?<![\w-])(?:ba|z|da)?sh {1,4}-c {1,4}["']?\$\((?:curl|wget)|(?:ba|z)?sh {1,4}<\((?:curl|wget)|(?:python3?|perl|ruby|node|php) {1,4}<\( {0,2}(?:curl|wget)|(?<![\w-])(?:curl|wget)\b[^|;\n]{1,400}\| {0,4}(?:sudo {1,4})?(?:python3?|perl|ruby|node|php)\b/gi,
  ),
  rule(
    'runs-a-download',
    /(?:iex|invoke-expression)\b[^\n]{0,120}(?:downloadstring|invoke-webrequest|iwr)|(?<![\w-])(?:curl|wget)\b[^;\n]{1,300}(?:&&|;) {0,4}(?:chmod {1,4}(?:\+x|[0-7]{3,4})|(?:ba|z)?sh) /gi,
  ),
  rule(
    'sends-data-away',
    /(?<![\w-])(?:curl|wget|http|nc|ncat)\b[^;\n]{0,300}\$\((?:[^()]{0,200})\)|(?<![\w-])(?:curl|wget|nc|ncat)\b[^;\n]{0,300}`[^`\n]{1,200}`|(?<![\w-])(?:cat|env|printenv|set|tar|history|base64|gzip|zip|cp)\b[^;\n]{0,200}\| {0,4}(?:base64[^|\n]{0,20}\| {0,4})?(?:curl|wget|nc|ncat|ssh|socat|openssl s_client)\b/gi,
  ),
  rule(
    'sends-data-away',
    /(?<![\w-])curl\b[^;\n]{0,300}(?:-d|--data(?:-binary|-raw|-urlencode)?|-F|--form|-T|--upload-file)[ =]{0,2}["']?(?:\w{1,20}=)?@?(?:[~/.@]|\$\(|`)/gi,
  ),
  rule('sends-data-away', /(?<![\w-])(?:dig|nslookup|host|ping)\b[^;\n]{0,120}(?:\$\(|`|\$\{?[A-Za-z_])/gi),
  rule(
    'opens-a-shell',
    /\/dev\/(?:tcp|udp)\/|(?<![\w-])(?:nc|ncat|netcat)\b[^|;\n]{0,80} -(?:e|c)\b|(?<![\w-])(?:ba)?sh {1,4}-i\b|(?<![\w-])mkfifo\b[^\n]{0,200}\bnc\b|socat\b[^\n]{0,120}exec:|socket\.socket\b[^\n]{0,300}(?:dup2|subprocess|pty\.spawn)/gi,
  ),
  rule(
    'stays-for-good',
    /(?<![\w-])crontab {1,4}(?:-(?!l)|[^-\s])|\| {0,4}crontab\b|(?:>>?|tee(?: -a)?) {0,4}["']?(?:~|\$HOME|\/root|\/home\/[\w.-]{1,40}|\/etc)?\/?(?:\.(?:bashrc|zshrc|profile|bash_profile|ssh\/authorized_keys)|cron[\w./-]{0,40}|rc\.local|systemd\/[\w./-]{1,60}|ld\.so\.preload)|systemctl {1,4}enable\b/gi,
  ),
  rule(
    'weakens-permissions',
    /(?<![\w-])chmod {1,4}(?:-R {1,4})?(?:0?777|[ua]\+s|[24]7\d\d) {1,4}\/|(?<![\w-])setenforce 0|iptables {1,4}-F\b|ufw disable|(?<![\w-])visudo\b|NOPASSWD:/gi,
  ),
  rule('forks-without-end', /:\(\) ?\{ ?:\|:& ?\};:/g),
];

/** How the command is written. */
const DISGUISES: readonly Rule[] = [
  rule(
    'decodes-and-runs',
    /(?:base64 {1,4}(?:-d|-D|--decode)|base32 {1,4}-d|xxd {1,4}-r|openssl (?:enc {1,4})?(?:-?base64) {1,4}-d|\brev\b|tr {1,4}["']?[a-zA-Z-]{3,12})[^\n;]{0,120}\| {0,4}(?:sudo {1,4})?(?:ba|z|da|k)?sh\b/gi,
  ),
  rule(
    'decodes-and-runs',
    /(?<![\w-])(?:eval|exec|source|sh {1,4}-c|bash {1,4}-c|python3? {1,4}-c)\b[^\n]{0,60}(?:base64|b64decode|xxd|fromhex|\\x[0-9a-f]{2}|\\[0-7]{3}|chr\(|unhexlify)/gi,
  ),
  rule(
    'decodes-and-runs',
    /(?:printf|echo {1,4}-[en]{1,3})\s{1,4}["'](?:[^"'\n]{0,40}?\\(?:x[0-9a-fA-F]{2}|[0-7]{3})){3}|\$'(?:[^'\n]{0,40}?\\(?:x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4})){2}/g,
  ),
  rule(
    'decodes-and-runs',
    /(?:powershell|pwsh)(?:\.exe)? [^\n]{0,80}-e(?:nc|ncodedcommand)? {1,4}[A-Za-z0-9+/=]{16}/gi,
  ),
  rule('runs-made-up-text', /(?<![\w-])eval {1,4}["']?(?:\$|`)/g),
  rule('breaks-up-a-word', /(?<![\w\\])[a-z]{1,12}(?:\\[a-z]){1,12}[a-z]{0,12}(?= {1,4}[-/~.$\w])/g),
  rule(
    'breaks-up-a-word',
    /(?<![\w"'=.(,-])[a-z]{1,8}(?:''|""|\$@|\$\*)[a-z]{1,8}(?=[ $"']|$)|(?<![\w"'=.(,:{[ -])["'][a-z]["'][a-z]|(?<![\w"'=.(,-])[a-z]{1,6}(?:'[a-z]{1,4}'|"[a-z]{1,4}")[a-z]{0,6}(?= {1,2}[-/~.$\w])/g,
  ),
  rule('breaks-up-a-word', /\$\{?IFS\}?|\{[a-z]{2,8},[^{}\s]{1,80}\}(?=$|[\s;|&])/g),
  rule(
    'breaks-up-a-word',
    /\/(?:\?{2,}|[a-z]{0,4}[?*][a-z?*]{0,6})\/(?:[a-z]{0,6}[?*][a-z?*]{0,8})(?= )|\/(?:bin|usr|etc)\/[a-z]{0,4}\?[a-z?*]{0,8}/g,
  ),
  rule(
    'joins-variables',
    /(?<![\w-])(\w{1,12})=["']?[^\s;"'&]{1,40}["']?[;& ]{1,4}(\w{1,12})=["']?[^\s;"'&]{1,40}["']?[;& ]{1,4}[^\n$]{0,40}\$\{?\1\}?["']{0,2}\$\{?\2\}?/g,
  ),
  rule('joins-variables', /\$\{\w{1,20}:\d{1,3}:\d{1,3}\}(?:\$\{\w{1,20}:\d{1,3}:\d{1,3}\})/g),
];

const RULES: readonly Rule[] = [...DEEDS, ...DISGUISES];

function collect(text: string, rules: readonly Rule[], found: Finding[], exact: boolean, outerEnd = 0): void {
  for (const { kind, pattern } of rules) {
    for (const match of text.matchAll(pattern)) {
      if (found.length >= MAX_FINDINGS) return;
      const span = exact ? { start: match.index, end: match.index + match[0].length } : { start: 0, end: outerEnd };
      if (!found.some((one) => one.kind === kind && one.start < span.end && span.start < one.end)) {
        found.push({ detector: 'shell-shapes', kind, ...span, severity: 'high', confidence: 'medium' });
      }
    }
  }
}

/** The command as a shell would read it, nearly: quotes and backslashes inside words gone, simple variables put in. */
function straighten(text: string): string {
  const values = new Map<string, string>();
  for (const match of text.matchAll(/(?<![\w$-])([A-Za-z_]\w{0,20})=["']?([^\s;"'&|]{1,60})["']?(?=[;\s&]|$)/g)) {
    if (values.size < 50) values.set(match[1] ?? '', match[2] ?? '');
  }
  return text
    .replace(/\$\{?IFS\}?/g, ' ')
    .replace(/\$\{?([A-Za-z_]\w{0,20})\}?/g, (whole, name: string) => values.get(name) ?? whole)
    .replace(/\$[@*]/g, '')
    .replace(/\\(?=[A-Za-z/.-])/g, '')
    .replace(/\{([^{}\s]{1,80})\}/g, (whole, inside: string) =>
      inside.includes(',') ? inside.replaceAll(',', ' ') : whole,
    )
    .replace(/(?<=[\w/.-])["']{1,2}(?=[\w/.-])|["'](?=[a-z]["'])/g, '')
    .replace(/["'](?=\w+["']\w)/g, '');
}
