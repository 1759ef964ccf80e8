import type { Usage } from './completion';

/**
 * How an answer stands.
 *
 * | outcome     | meaning                                                    |
 * |-------------|------------------------------------------------------------|
 * | running     | asked for, or streaming                                    |
 * | complete    | ended by the model, or cut at the token limit (`finish`)   |
 * | stopped     | stopped by the user                                        |
 * | interrupted | some of it came, then the stream broke                     |
 * | failed      | nothing came                                               |
 */
export type Outcome = 'running' | 'complete' | 'stopped' | 'interrupted' | 'failed';

export interface Answer {
  reasoning: string;
  text: string;
  outcome: Outcome;
  error: string | null;
  finish: string | null;
  usage: Usage | null;
  /** The last word on a warm-up, until the first token. */
  warming: { phase: string | null; etaMs: number | null } | null;
  parkedMs: number | null;
  replica: string | null;
  startedAt: number;
  firstTokenMs: number | null;
  durationMs: number | null;
}

/** A question and its answer. They belong together: a retry replaces the answer, never the question. */
export interface Turn {
  id: string;
  question: string;
  answer: Answer;
}

export interface Settings {
  system: string;
  /** Null leaves it to the engine. */
  temperature: number | null;
  maxTokens: number | null;
}

export interface Conversation {
  /** Sent as the session header: it keeps the conversation on the replica that has it cached. */
  sessionId: string;
  turns: Turn[];
}

export const defaultSettings: Settings = { system: '', temperature: null, maxTokens: null };

export function newAnswer(startedAt: number): Answer {
  return {
    reasoning: '',
    text: '',
    outcome: 'running',
    error: null,
    finish: null,
    usage: null,
    warming: null,
    parkedMs: null,
    replica: null,
    startedAt,
    firstTokenMs: null,
    durationMs: null,
  };
}

export type ConversationAction =
  | { kind: 'ask'; turn: Turn }
  | { kind: 'answer'; id: string; answer: Answer }
  | { kind: 'reset'; conversation: Conversation };

export function conversationReducer(state: Conversation, action: ConversationAction): Conversation {
  switch (action.kind) {
    case 'ask':
      return { ...state, turns: [...state.turns, action.turn] };
    case 'answer':
      return {
        ...state,
        turns: state.turns.map((turn) => (turn.id === action.id ? { ...turn, answer: action.answer } : turn)),
      };
    case 'reset':
      return action.conversation;
  }
}

/** A random id, also where the page was served over plain HTTP and `crypto.randomUUID` is missing. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
