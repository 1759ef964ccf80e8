// npm @anthropic-ai/sdk.
import Anthropic from '@anthropic-ai/sdk';

const open = ({ baseUrl, key }) => new Anthropic({ baseURL: baseUrl, apiKey: key });
const body = (call) => ({
  model: call.model, max_tokens: call.leaveAfter || call.tellAfter ? 3000 : 300, messages: [{ role: 'user', content: call.prompt }], temperature: 0,
});

// Anthropic counts what was read from the cache apart.
const counts = (usage) => usage && { prompt: usage.input_tokens + (usage.cache_read_input_tokens ?? 0), completion: usage.output_tokens };

export const surfaces = {
  messages: {
    async plain(call) {
      const reply = await open(call).messages.create(body(call), { signal: call.signal });
      return { text: reply.content.filter((block) => block.type === 'text').map((block) => block.text).join(''), usage: counts(reply.usage) };
    },
    async stream(call) {
      const stream = open(call).messages.stream(body(call), { signal: call.signal });
      for await (const event of stream) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
          call.onText(event.delta.text);
        }
      }
      return { usage: counts((await stream.finalMessage()).usage) };
    },
  },
  'messages.count_tokens': {
    async plain(call) {
      const { input_tokens: tokens } = await open(call).messages.countTokens(
        { model: call.model, messages: [{ role: 'user', content: call.prompt }] }, { signal: call.signal });
      return { text: `${tokens} tokens` };
    },
  },
};
