// A conversation of ten turns in prose over the official OpenAI client, as a user would hold it.
// Prints one JSON line per turn and a last one with what else was tried.
import OpenAI from 'openai';

const model = process.env.MODEL ?? 'qwen3-8b';
const embeddingModel = process.env.EMBEDDING_MODEL;
const client = new OpenAI({ baseURL: `${process.env.BASE_URL}/v1`, apiKey: process.env.PODVIRT_API_KEY, maxRetries: 0 });

const questions = [
  'Explain to a patient newcomer what a lighthouse keeper did all night.',
  'Which part of that work would you find hardest, and why?',
  'How did the lamp change when electricity came?',
  'Write a short letter that a keeper might have sent to his sister inland.',
  'What would she have answered?',
  'Describe a storm as the keeper would remember it years later.',
  'Which birds would come to the light, and what became of them?',
  'What did a relief crew bring besides food and oil?',
  'Tell me about the last evening before the station was automated.',
  'Sum up our conversation in a few sentences.',
];

const messages = [{ role: 'system', content: 'You are a calm, exact writer.' }];
for (const question of questions) {
  messages.push({ role: 'user', content: question });
  const started = performance.now();
  const stream = await client.chat.completions.create({
    model, messages, stream: true, stream_options: { include_usage: true }, temperature: 0.7, seed: 7,
  });
  let answer = '';
  let reasoning = '';
  let chunks = 0;
  let firstMs = null;
  let finish = null;
  let usage = null;
  for await (const chunk of stream) {
    chunks++;
    const choice = chunk.choices[0];
    if (choice) {
      firstMs ??= performance.now() - started;
      answer += choice.delta.content ?? '';
      reasoning += choice.delta.reasoning ?? '';
      finish = choice.finish_reason ?? finish;
    }
    usage = chunk.usage ?? usage;
  }
  messages.push({ role: 'assistant', content: answer });
  print({ question, answer, reasoning, chunks, firstMs: Math.round(firstMs), finish, usage });
}

const ask = (options) => client.chat.completions.create({
  model, seed: 3, temperature: 0, messages: [{ role: 'user', content: 'Describe a harbour town in autumn.' }], ...options,
});
const textOf = (reply) => reply.choices[0].message.content;
const plain = await ask({});
const withSystem = await ask({ messages: [{ role: 'system', content: 'Answer in one sentence.' }, { role: 'user', content: 'Describe a harbour town in autumn.' }] });
const warm = await ask({ temperature: 1.2 });
const maxTokens = await ask({ max_tokens: 12 });
const maxCompletionTokens = await ask({ max_completion_tokens: 9 });
// A stop string counts in the thinking too: take a word that is only in the answer.
const { reasoning: thinking = '' } = plain.choices[0].message;
const stopWord = textOf(plain).trim().split(/\s+/).filter((word) => word.length > 4 && !thinking.includes(word))[3];
const stopped = await ask({ stop: stopWord });

const cancelled = await client.chat.completions.create({
  model, stream: true, stream_options: { include_usage: true, continuous_usage_stats: true }, messages: [{ role: 'user', content: 'Tell a long story about a canal boat.' }],
});
let seenTokens = 0;
for await (const chunk of cancelled) {
  seenTokens = chunk.usage?.completion_tokens ?? seenTokens;
  if (seenTokens >= 15) {
    cancelled.controller.abort();
    break;
  }
}

const embedding = embeddingModel
  ? await client.embeddings.create({ model: embeddingModel, input: ['a quiet harbour', 'a loud factory'] })
  : null;

let unknownModel = null;
try {
  await client.chat.completions.create({ model: 'no-such-model', messages: [{ role: 'user', content: 'hi' }] });
} catch (error) {
  unknownModel = { status: error.status, code: error.code, name: error.constructor.name };
}

print({
  plain: textOf(plain), withSystem: textOf(withSystem), warm: textOf(warm), maxTokens: maxTokens.usage, maxTokensFinish: maxTokens.choices[0].finish_reason,
  maxCompletionTokens: maxCompletionTokens.usage, stopWord, stopped: textOf(stopped), seenTokens,
  models: (await client.models.list()).data.map((m) => m.id),
  embedding: embedding && { count: embedding.data.length, dimensions: embedding.data[0].embedding.length, usage: embedding.usage },
  unknownModel,
});

function print(value) {
  console.log(JSON.stringify(value));
}
