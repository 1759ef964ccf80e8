import { call, getJson, sendJson } from '../http/api';
import type { Conversation, ConversationSummary, Message, Settings } from './conversation';

export interface ConversationPage {
  data: ConversationSummary[];
  /** Where the next page begins; null at the end. */
  next: string | null;
}

export interface Retention {
  /** Days after the last change; null: until they are deleted. */
  days: number | null;
}

const root = '/api/conversations';
const at = (id: string) => `${root}/${encodeURIComponent(id)}`;

export function listConversations(search: string, before: string | null, signal: AbortSignal): Promise<ConversationPage> {
  const query = new URLSearchParams({ limit: '30' });
  if (search !== '') query.set('search', search);
  if (before !== null) query.set('before', before);
  return getJson(`${root}?${query.toString()}`, signal);
}

export function readConversation(id: string, signal: AbortSignal): Promise<Conversation> {
  return getJson(at(id), signal);
}

export function createConversation(model: string, project: string, settings: Settings): Promise<Conversation> {
  return sendJson(root, 'POST', { model, project, settings });
}

export async function changeConversation(id: string, change: { title?: string; settings?: Settings; leaf?: string }): Promise<void> {
  await call(at(id), { method: 'PATCH', body: change });
}

export async function deleteConversation(id: string): Promise<void> {
  await call(at(id), { method: 'DELETE' });
}

export async function deleteAllConversations(): Promise<void> {
  await call(root, { method: 'DELETE' });
}

export function exportPath(id: string, format: 'markdown' | 'json'): string {
  return `${at(id)}/export?format=${format}`;
}

/** With `content` a new question under `parent`; without it another answer to the question that `parent` is. */
export function ask(id: string, parent: string | null, content?: string): Promise<{ message: Message | null; answer: Message }> {
  return sendJson(`${at(id)}/answers`, 'POST', { parent, ...(content === undefined ? {} : { content }) });
}

export function readRetention(signal: AbortSignal): Promise<Retention> {
  return getJson(`${root}/retention`, signal);
}

export async function changeRetention(retention: Retention): Promise<void> {
  await call(`${root}/retention`, { method: 'PUT', body: retention });
}
