import type { Answer } from '../answers/answer';

export interface Settings {
  system: string;
  /** Null leaves it to the engine. */
  temperature: number | null;
  max_tokens: number | null;
  /** At most four; the answer ends before any of them. */
  stop: string[];
}

export const defaultSettings: Settings = { system: '', temperature: null, max_tokens: null, stop: [] };

export interface ConversationSummary {
  id: string;
  title: string;
  model: string;
  project: string;
  created_at: string;
  updated_at: string;
  running: boolean;
}

/** One node of the tree: an edited question and a regenerated answer are siblings of what they replace. */
export interface Message {
  id: string;
  parent: string | null;
  role: 'user' | 'assistant';
  content: string;
  created_at: string;
  /** Of an assistant's message. */
  answer: Answer | null;
}

export interface Conversation extends Omit<ConversationSummary, 'running'> {
  /** Sent as the session header: it keeps the conversation on the replica that has it cached. */
  session_id: string;
  settings: Settings;
  /** The last message of the branch shown; null while there is none. */
  leaf: string | null;
  messages: Message[];
}
