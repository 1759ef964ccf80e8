/** A string in double quotes, as JavaScript, Python and C# all read it: anything beyond plain ASCII goes in as \\uXXXX. */
export function text(value: string): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A word of a POSIX shell. */
export function shell(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
