import type { Settings, Turn } from './conversation';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface CompletionRequest {
  model: string;
  messages: Message[];
  stream: true;
  stream_options: { include_usage: true; continuous_usage_stats: true };
  temperature?: number;
  max_tokens?: number;
}

/**
 * The request for the next answer. Reasoning stays out of the context, and so do questions that got no answer:
 * many chat templates refuse two user messages in a row.
 */
export function buildRequest(model: string, earlier: Turn[], question: string, settings: Settings): CompletionRequest {
  const messages: Message[] = [];
  if (settings.system.trim() !== '') messages.push({ role: 'system', content: settings.system });
  for (const turn of earlier) {
    if (turn.answer.text === '') continue;
    messages.push({ role: 'user', content: turn.question }, { role: 'assistant', content: turn.answer.text });
  }
  messages.push({ role: 'user', content: question });
  return {
    model,
    messages,
    stream: true,
    // Counts with every chunk, so that a stopped answer can still say what it cost.
    stream_options: { include_usage: true, continuous_usage_stats: true },
    ...(settings.temperature === null ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === null ? {} : { max_tokens: settings.maxTokens }),
  };
}
