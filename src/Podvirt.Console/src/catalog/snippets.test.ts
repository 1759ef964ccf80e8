import { describe, expect, it } from 'vitest';
import { languages } from './languages';
import { hasSnippets, needsOf, snippet } from './snippets';
import type { ModelView } from '../models/model';

const base = 'https://models.example:8443/';

describe('snippets', () => {
  it.each(languages.map(({ value }) => value))('in %s name the model, the reader’s own address and the key’s variable', (language) => {
    for (const [type, path] of [['chat', '/chat/completions'], ['embedding', '/embeddings'], ['video-generation', '/videos']] as const) {
      const text = snippet(language, { id: 'acme/coder-1.5', type, video: null }, base);
      expect(text).toContain('acme/coder-1.5');
      expect(text).toContain('https://models.example:8443/v1');
      expect(text).not.toContain('8443//v1');
      expect(text).toContain('PODVIRT_API_KEY');
      if (language === 'curl' || language === 'python') expect(text).toContain(path);
    }
  });

  it('keep odd ids inside their quotes', () => {
    const model = { id: `it's "größe"\\`, type: 'chat', video: null };
    expect(snippet('curl', model, base)).toContain(`it'\\''s \\"größe\\"\\\\`);
    for (const language of ['python', 'javascript', 'csharp'] as const) {
      expect(snippet(language, model, base)).toContain(String.raw`"it's \"gr\u00f6\u00dfe\"\\"`);
    }
  });

  it('ask for a video that the model makes', () => {
    const model = { id: 'wan', type: 'video-generation', video: { sizes: ['832x480'], seconds: [], max_seconds: 2 } };
    for (const { value } of languages) {
      expect(snippet(value, model, base)).toMatch(/832x480/);
      expect(snippet(value, model, base)).toMatch(/seconds\W{1,4}2\b/);
      expect(snippet(value, { ...model, video: null }, base)).not.toContain('832x480');
    }
    expect(needsOf('javascript', model)).toBe('npm install openai · save as video.mjs · node video.mjs');
  });

  it('are there for what has an endpoint', () => {
    const types = ['chat', 'code', 'embedding', 'video-generation', 'audio'];
    expect(types.filter((type) => hasSnippets({ type } as ModelView))).toEqual(['chat', 'code', 'embedding', 'video-generation']);
  });
});
