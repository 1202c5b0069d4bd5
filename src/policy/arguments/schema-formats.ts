/**
 * The formats that are enforced. A format that is not here says nothing, as JSON Schema has it by default. Each is
 * linear in the text: fixed shapes only, and no repetition inside a repetition.
 */
export const schemaFormats: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  'date-time': (text) => /[tT ]/.test(text.charAt(10)) && isDate(text.slice(0, 10)) && isTime(text.slice(11)),
  email: (text) => text.length <= 320 && /^[^\s@<>(),;:\\"[\]]{1,64}@[^\s@<>(),;:\\"[\]]{1,255}$/.test(text),
  hostname: isHostname,
  ipv4: (text) => /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).every(isOctet) ?? false,
  ipv6: (text) => /^[0-9a-fA-F:.]{2,45}$/.test(text) && URL.canParse(`http://[${text}]/`),
  uri: (text) => /^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\\<>"{}|^`]*$/.test(text),
  'uri-reference': (text) => /^[^\s\\<>"{}|^`]*$/.test(text),
  url: (text) => URL.canParse(text),
  uuid: (text) => /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/.test(text),
};

function isOctet(digits: string): boolean {
  return Number(digits) <= 255 && (digits === '0' || !digits.startsWith('0'));
}

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= ([31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
}

function isTime(text: string): boolean {
  const parts = /^(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:[zZ]|[+-](\d{2}):?(\d{2}))$/.exec(text);
  if (!parts) return false;
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  return hour <= 23 && minute <= 59 && second <= 60 && Number(parts[4] ?? 0) <= 23 && Number(parts[5] ?? 0) <= 59;
}

function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  return text.split('.').every((label) => /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(label));
}
