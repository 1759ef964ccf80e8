/** Lifetimes to choose from; any other can be typed. */
export const lifetimes = [
  { value: '', label: 'Does not expire' },
  { value: '1d', label: '1 day' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '365d', label: '1 year' },
];

/** How long a rotated secret may work on. */
export const overlaps = [
  { value: '0s', label: 'Not at all: it ends at once' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '1 day' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];
