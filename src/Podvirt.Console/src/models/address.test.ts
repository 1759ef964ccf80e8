import { describe, expect, it } from 'vitest';
import { chatModelId, chatPath, videoModelId, videoPath } from './address';

describe('a model’s address', () => {
  it.each(['qwen3-8b', 'Qwen/Qwen3-8B', 'a b/c%d', 'org/team/chat', 'größe?#x'])('takes the id %s', (id) => {
    expect(chatModelId(chatPath(id))).toBe(id);
  });

  it('takes raw slashes and a slash at the end', () => {
    expect(chatModelId('/inference/serverless/Qwen/Qwen3-8B/chat')).toBe('Qwen/Qwen3-8B');
    expect(chatModelId('/inference/serverless/Qwen/Qwen3-8B/chat/')).toBe('Qwen/Qwen3-8B');
  });

  it('is null for anything else', () => {
    for (const path of ['/inference/serverless', '/inference/serverless/chat', '/inference/serverless/x', '/x/chat']) {
      expect(chatModelId(path), path).toBeNull();
    }
    expect(chatModelId('/inference/serverless/%E0%A4%A/chat')).toBeNull();
  });

  it('is told from a video page’s', () => {
    for (const id of ['wan2.2', 'Wan-AI/Wan2.2', 'org/chat']) {
      expect(videoModelId(videoPath(id))).toBe(id);
      expect(chatModelId(videoPath(id))).toBeNull();
      expect(videoModelId(chatPath(id))).toBeNull();
    }
  });
});
