import { describe, expect, it } from 'vitest';
import { hasSnippets, languages, snippet } from './snippets';
import type { ModelView } from '../models/model';

const base = 'https://models.example:8443/';

describe('snippets', () => {
  it.each(languages.map(({ value }) => value))('in %s name the model, the reader’s own address and the key’s variable', (language) => {
    for (const [type, path] of [['chat', '/chat/completions'], ['embedding', '/embeddings']] as const) {
      const text = snippet(language, { id: 'acme/coder-1.5', type }, base);
      expect(text).toContain('acme/coder-1.5');
      expect(text).toContain('https://models.example:8443/v1');
      expect(text).not.toContain('8443//v1');
      expect(text).toContain('PODVIRT_API_KEY');
      if (language === 'curl' || language === 'python') expect(text).toContain(path);
    }
  });

  it('keep odd ids inside their quotes', () => {
    const model = { id: `it's "größe"\\`, type: 'chat' };
    expect(snippet('curl', model, base)).toContain(`it'\\''s \\"größe\\"\\\\`);
    for (const language of ['python', 'javascript', 'csharp'] as const) {
      expect(snippet(language, model, base)).toContain(String.raw`"it's \"gr\u00f6\u00dfe\"\\"`);
    }
  });

  it('are there for what has an endpoint', () => {
    const types = ['chat', 'code', 'embedding', 'video-generation', 'audio'];
    expect(types.filter((type) => hasSnippets({ type } as ModelView))).toEqual(['chat', 'code', 'embedding']);
  });
});
