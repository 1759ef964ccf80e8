/** Where every snippet takes the key from, so that none holds a secret. */
export const keyVariable = 'PODVIRT_API_KEY';

export const languages = [
  { value: 'curl', label: 'curl' },
  { value: 'python', label: 'Python' },
  { value: 'javascript', label: 'JavaScript' },
  { value: 'csharp', label: 'C#' },
] as const;

export type Language = (typeof languages)[number]['value'];
