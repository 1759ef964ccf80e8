/** The page that explains one request. */
export function requestPath(id: string): string {
  return `/inference/usage/requests/${encodeURIComponent(id)}`;
}
