const prefix = '/inference/serverless/';
const chatSuffix = '/chat';

export function chatPath(id: string): string {
  return `${prefix}${encodeURIComponent(id)}${chatSuffix}`;
}

/** The model id in a chat page's address, whether its slashes are encoded or raw; null where the address is no chat page. */
export function chatModelId(pathname: string): string | null {
  const path = pathname.replace(/\/+$/, '');
  if (!path.startsWith(prefix) || !path.endsWith(chatSuffix)) return null;
  const raw = path.slice(prefix.length, -chatSuffix.length);
  try {
    const id = decodeURIComponent(raw);
    return id === '' ? null : id;
  } catch {
    return null;
  }
}
