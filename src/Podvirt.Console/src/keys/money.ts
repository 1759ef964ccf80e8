/** "$12.50", and "$0.000123" for what is less than a cent. For the eye: sums are the server's business. */
export function formatUsd(value: number): string {
  if (value === 0 || Math.abs(value) >= 0.01) return `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  if (Math.abs(value) < 0.000001) return 'under $0.000001';
  return `$${value.toFixed(6).replace(/0+$/, '')}`;
}
