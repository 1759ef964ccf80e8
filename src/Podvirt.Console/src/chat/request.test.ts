import { describe, expect, it } from 'vitest';
import { defaultSettings, newAnswer, newId, type Turn } from './conversation';
import { buildRequest } from './request';

const turn = (question: string, text: string): Turn => ({
  id: question,
  question,
  answer: { ...newAnswer(0), text, reasoning: 'secret thoughts', outcome: text === '' ? 'failed' : 'complete' },
});

describe('the next request', () => {
  it('sends questions and answers, without reasoning and without unanswered questions', () => {
    const request = buildRequest('m', [turn('q1', 'a1'), turn('q2', ''), turn('q3', 'a3')], 'q4', defaultSettings);
    expect(request.messages.map((message) => `${message.role}: ${message.content}`)).toEqual([
      'user: q1', 'assistant: a1', 'user: q3', 'assistant: a3', 'user: q4',
    ]);
    expect(JSON.stringify(request)).not.toContain('secret');
  });

  it('leaves unset settings to the engine and sends a zero as a zero', () => {
    expect(buildRequest('m', [], 'q', defaultSettings)).not.toHaveProperty('temperature');
    const request = buildRequest('m', [], 'q', { system: 'Be brief.', temperature: 0, maxTokens: 5 });
    expect(request).toMatchObject({ temperature: 0, max_tokens: 5, stream: true });
    expect(request.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  });
});

describe('ids', () => {
  it('are version 4 UUIDs', () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
