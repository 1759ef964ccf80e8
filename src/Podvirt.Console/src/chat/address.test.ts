import { describe, expect, it } from 'vitest';
import { chatModelId } from '../models/address';
import { conversationIn, conversationPath } from './address';

describe('the address of a conversation', () => {
  it('names the model and the conversation', () => {
    const url = new URL(conversationPath('Qwen/Qwen3-8B', 'c&1'), 'http://x');
    expect(chatModelId(url.pathname)).toBe('Qwen/Qwen3-8B');
    expect(conversationIn(url.search)).toBe('c&1');
  });

  it('is that of a new chat without one', () => {
    expect(conversationPath('m', null)).toBe('/inference/serverless/m/chat');
    expect(conversationIn('')).toBeNull();
    expect(conversationIn('?conversation=')).toBeNull();
  });
});
