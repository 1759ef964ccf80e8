// npm @langchain/openai.
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';

const settings = ({ baseUrl, key, model }) => ({ model, apiKey: key, configuration: { baseURL: `${baseUrl}/v1` } });
const counts = (usage) => usage && { prompt: usage.input_tokens, completion: usage.output_tokens };

const chat = (more) => ({
  async plain(call) {
    const reply = await new ChatOpenAI({ ...settings(call), temperature: 0, ...more }).invoke(call.prompt, { signal: call.signal });
    return { text: reply.text, usage: counts(reply.usage_metadata) };
  },
  async stream(call) {
    const stream = await new ChatOpenAI({ ...settings(call), temperature: 0, ...more }).stream(call.prompt, { signal: call.signal });
    let usage = null;
    for await (const chunk of stream) {
      usage = counts(chunk.usage_metadata) ?? usage;
      if (chunk.text) {
        call.onText(chunk.text);
      }
    }
    return { usage };
  },
});

export const surfaces = {
  'chat.completions': chat({}),
  responses: chat({ useResponsesApi: true }),
  completions: {
    async plain(call) {
      const reply = await new OpenAI({ ...settings(call), temperature: 0, maxTokens: 60 }).generate([call.prompt], { signal: call.signal });
      const used = reply.llmOutput?.tokenUsage;
      return { text: reply.generations[0][0].text, usage: used && { prompt: used.promptTokens, completion: used.completionTokens } };
    },
    async stream(call) {
      const model = new OpenAI({ ...settings(call), temperature: 0, maxTokens: call.leaveAfter || call.tellAfter ? 3000 : 60 });
      for await (const text of await model.stream(call.prompt, { signal: call.signal })) {
        if (text) {
          call.onText(text);
        }
      }
      return {};
    },
  },
  embeddings: {
    async plain(call) {
      const vectors = await new OpenAIEmbeddings(settings(call)).embedDocuments([call.prompt, 'two'], { signal: call.signal });
      return { text: `${vectors.length} × ${vectors[0].length}` };
    },
  },
};
