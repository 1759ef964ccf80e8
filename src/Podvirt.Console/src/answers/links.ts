const allowed = new Set(['http:', 'https:', 'mailto:']);

/**
 * The address a model's link may lead to, or null. Relative addresses are refused too:
 * a model's text must not lead into this console.
 */
export function safeAddress(href: string | undefined): string | null {
  if (href === undefined) return null;
  try {
    const url = new URL(href);
    return allowed.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
