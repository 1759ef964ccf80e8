// npm openai.
import { setTimeout } from 'node:timers/promises';
import OpenAI from 'openai';

const open = ({ baseUrl, key }) => new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: key });
const counts = (usage) => usage && { prompt: usage.prompt_tokens, completion: usage.completion_tokens ?? 0 };

const typedCounts = (usage) => usage && { prompt: usage.input_tokens, completion: usage.output_tokens };

const speech = (call) => ({ model: call.model, input: call.prompt, voice: 'vivian', response_format: 'pcm' });

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
        }
      }
      return { usage };
    },
  },
  'audio.speech': {
    async plain(call) {
      const reply = await open(call).audio.speech.create(speech(call), { signal: call.signal });
      call.onBytes(Buffer.from(await reply.arrayBuffer()));
      return {};
    },
    async stream(call) {
      const reply = await open(call).audio.speech.create({ ...speech(call), stream_format: 'audio' }, { signal: call.signal });
      for await (const bytes of reply.body) {
        call.onBytes(bytes);
      }
      return {};
    },
  },
  videos: {
    async plain(call) {
      const { videos } = open(call);
      let job = await videos.create({ model: call.model, prompt: call.prompt, seconds: '1', size: '64x64' }, { signal: call.signal });
      while (job.status === 'queued' || job.status === 'in_progress') {
        if (call.leaveAfter && job.status === 'in_progress') {
          await videos.delete(job.id);
          return {};
        }
        await setTimeout(100);
        job = await videos.retrieve(job.id, { signal: call.signal });
      }
      if (job.error) {
        throw job.error;
      }
      const file = await videos.downloadContent(job.id, {}, { signal: call.signal });
      call.onBytes(Buffer.from(await file.arrayBuffer()));
      return { usage: { prompt: 0, completion: 0, videoUs: Number(job.seconds) * 1e6 } };
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
