/** What a number field gives: a number, or '' for none, or for what is no number yet. */
export function numberOrEmpty(value: number | string): number | '' {
  return typeof value === 'number' ? value : '';
}
