import { chatPath } from '../models/address';

const parameter = 'conversation';

/** Where a conversation is found again: after a refresh, in another tab, from a link. */
export function conversationPath(model: string, id: string | null): string {
  return id === null ? chatPath(model) : `${chatPath(model)}?${new URLSearchParams({ [parameter]: id }).toString()}`;
}

export function conversationIn(search: string): string | null {
  const id = new URLSearchParams(search).get(parameter);
  return id === '' ? null : id;
}
