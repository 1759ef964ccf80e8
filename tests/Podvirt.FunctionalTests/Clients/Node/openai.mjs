// npm openai.
import OpenAI from 'openai';
import { EventError } from './errors.mjs';

const open = ({ baseUrl, key }) => new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: key });
const counts = (usage) => usage && { prompt: usage.prompt_tokens, completion: usage.completion_tokens ?? 0 };

const typedCounts = (usage) => usage && { prompt: usage.input_tokens, completion: usage.output_tokens };

export const surfaces = {
  'chat.completions': {
    async plain(call) {
      const reply = await open(call).chat.completions.create(
        { model: call.model, messages: [{ role: 'user', content: call.prompt }], temperature: 0 }, { signal: call.signal });
      return { text: reply.choices[0].message.content, usage: counts(reply.usage) };
    },
    async stream(call) {
      const stream = await open(call).chat.completions.create({
        model: call.model, messages: [{ role: 'user', content: call.prompt }], temperature: 0, stream: true, stream_options: { include_usage: true },
      }, { signal: call.signal });
      let usage = null;
      for await (const chunk of stream) {
        usage = counts(chunk.usage) ?? usage;
        const text = chunk.choices[0]?.delta.content;
        if (text) {
          call.onText(text);
        }
      }
      return { usage };
    },
  },
  completions: {
    async plain(call) {
      const reply = await open(call).completions.create({ model: call.model, prompt: call.prompt, temperature: 0, max_tokens: 60 }, { signal: call.signal });
      return { text: reply.choices[0].text, usage: counts(reply.usage) };
    },
    async stream(call) {
      const stream = await open(call).completions.create({
        model: call.model, prompt: call.prompt, temperature: 0, max_tokens: call.leaveAfter || call.tellAfter ? 3000 : 60,
        stream: true, stream_options: { include_usage: true },
      }, { signal: call.signal });
      let usage = null;
      for await (const chunk of stream) {
        usage = counts(chunk.usage) ?? usage;
        const text = chunk.choices[0]?.text;
        if (text) {
          call.onText(text);
        }
      }
      return { usage };
    },
  },
  embeddings: {
    async plain(call) {
      const reply = await open(call).embeddings.create({ model: call.model, input: [call.prompt, 'two'] }, { signal: call.signal });
      return { text: `${reply.data.length} × ${reply.data[0].embedding.length}`, usage: counts(reply.usage) };
    },
  },
  responses: {
    async plain(call) {
      const reply = await open(call).responses.create({ model: call.model, input: call.prompt, temperature: 0 }, { signal: call.signal });
      return { text: reply.output_text, usage: typedCounts(reply.usage) };
    },
    async stream(call) {
      const stream = await open(call).responses.create({ model: call.model, input: call.prompt, temperature: 0, stream: true }, { signal: call.signal });
      let usage = null;
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') {
          call.onText(event.delta);
        } else if (event.type === 'response.completed') {
          usage = typedCounts(event.response.usage);
        } else if (event.type === 'error') {
          throw Object.assign(new EventError(event.message), { code: event.code });
        }
      }
      return { usage };
    },
  },
  models: {
    async plain(call) {
      const ids = [];
      for await (const model of open(call).models.list({ signal: call.signal })) {
        ids.push(model.id);
      }
      return { text: ids.join(' ') };
    },
  },
};
