// npm ai with @ai-sdk/openai-compatible.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, streamText } from 'ai';

const open = ({ baseUrl, key }) => createOpenAICompatible({ name: 'podvirt', baseURL: `${baseUrl}/v1`, apiKey: key, includeUsage: true });
const counts = (usage) => usage && { prompt: usage.inputTokens, completion: usage.outputTokens };

const text = (modelOf, more) => ({
  async plain(call) {
    const reply = await generateText({ model: modelOf(open(call), call.model), prompt: call.prompt, temperature: 0, abortSignal: call.signal, ...more(call) });
    return { text: reply.text, usage: counts(reply.usage) };
  },
  async stream(call) {
    // Errors are parts of the full stream; unless told otherwise the SDK also writes them to the console.
    const reply = streamText({
      model: modelOf(open(call), call.model), prompt: call.prompt, temperature: 0, abortSignal: call.signal, onError: () => {}, ...more(call),
    });
    let usage = null;
    for await (const part of reply.fullStream) {
      if (part.type === 'text-delta') {
        call.onText(part.text);
      } else if (part.type === 'error') {
        throw part.error;
      } else if (part.type === 'finish') {
        usage = counts(part.totalUsage);
      }
    }
    return { usage };
  },
});

export const surfaces = {
  'chat.completions': text((provider, model) => provider.chatModel(model), () => ({})),
  completions: text((provider, model) => provider.completionModel(model), (call) => ({ maxOutputTokens: call.leaveAfter || call.tellAfter ? 3000 : 60 })),
  embeddings: {
    async plain(call) {
      const reply = await embedMany({ model: open(call).embeddingModel(call.model), values: [call.prompt, 'two'], abortSignal: call.signal });
      return { text: `${reply.embeddings.length} × ${reply.embeddings[0].length}`, usage: { prompt: reply.usage.tokens, completion: 0 } };
    },
  },
};
