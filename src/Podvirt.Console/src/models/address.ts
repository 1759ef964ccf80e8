const prefix = '/inference/serverless/';

export const chatPath = (id: string) => pathOf(id, 'chat');
export const videoPath = (id: string) => pathOf(id, 'video');

/** The model id in a chat page's address, whether its slashes are encoded or raw; null where the address is no chat page. */
export const chatModelId = (pathname: string) => modelId(pathname, 'chat');
/** The same for the address of a video page. */
export const videoModelId = (pathname: string) => modelId(pathname, 'video');

function pathOf(id: string, page: string): string {
  return `${prefix}${encodeURIComponent(id)}/${page}`;
}

function modelId(pathname: string, page: string): string | null {
  const path = pathname.replace(/\/+$/, '');
  if (!path.startsWith(prefix) || !path.endsWith(`/${page}`)) return null;
  const raw = path.slice(prefix.length, -page.length - 1);
  try {
    const id = decodeURIComponent(raw);
    return id === '' ? null : id;
  } catch {
    return null;
  }
}
