import { canChat, canMakeVideo, type ModelView } from '../models/model';
import { keyVariable, type Language } from './languages';
import { shell, text } from './quoting';
import { videoSnippets } from './videoSnippets';

/** Whether there is an endpoint that a snippet could show. */
export function hasSnippets(model: ModelView): boolean {
  return canChat(model) || canMakeVideo(model) || model.type === 'embedding';
}

/** A program that calls the model once and prints what came, complete as it stands. `base` is the reader's own origin. */
export function snippet(language: Language, model: Called, base: string): string {
  const url = `${base.replace(/\/+$/, '')}/v1`;
  if (canMakeVideo(model)) return videoSnippets[language](model, url);
  const makers = model.type === 'embedding' ? embedding : chat;
  return makers[language](model.id, url, model.type === 'code' ? codeQuestion : question);
}

/** What it takes to run one; null: nothing that is not there. */
export function needsOf(language: Language, model: Called): string | null {
  const name = canMakeVideo(model) ? 'video' : 'chat';
  switch (language) {
    case 'curl':
      return null;
    case 'python':
      return 'Python 3.8 or later; nothing to install.';
    case 'javascript':
      return `npm install openai · save as ${name}.mjs · node ${name}.mjs`;
    case 'csharp':
      return canMakeVideo(model) ? 'dotnet new console · into Program.cs' : 'dotnet new console · dotnet add package OpenAI · into Program.cs';
  }
}

type Called = Pick<ModelView, 'id' | 'type' | 'video'>;

const question = 'Why is the sky blue?';
const codeQuestion = 'Write a function that reverses a string.';
const input = 'The sky is blue.';

type Maker = (id: string, url: string, ask: string) => string;

const chat: Record<Language, Maker> = {
  curl: (id, url, ask) => curl(`${url}/chat/completions`, { model: id, stream: true, messages: [{ role: 'user', content: ask }] }),
  python: (id, url, ask) => `import json, os, urllib.request

request = urllib.request.Request(
    ${text(`${url}/chat/completions`)},
    headers={"Authorization": "Bearer " + os.environ["${keyVariable}"], "Content-Type": "application/json"},
    data=json.dumps({
        "model": ${text(id)},
        "stream": True,
        "messages": [{"role": "user", "content": ${text(ask)}}],
    }).encode(),
)
with urllib.request.urlopen(request) as response:
    for line in response:
        if line.startswith(b"data: {"):
            chunk = json.loads(line[6:])
            if "error" in chunk:
                raise SystemExit(chunk["error"]["message"])
            for choice in chunk["choices"]:
                print(choice["delta"].get("content") or "", end="", flush=True)
print()`,
  javascript: (id, url, ask) => `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${text(url)}, apiKey: process.env.${keyVariable} });
const stream = await client.chat.completions.create({
  model: ${text(id)},
  stream: true,
  messages: [{ role: 'user', content: ${text(ask)} }],
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
}
console.log();`,
  csharp: (id, url, ask) => `using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

var key = new ApiKeyCredential(Environment.GetEnvironmentVariable("${keyVariable}")!);
var client = new ChatClient(${text(id)}, key, new OpenAIClientOptions { Endpoint = new Uri(${text(url)}) });
await foreach (var update in client.CompleteChatStreamingAsync(${text(ask)}))
{
    foreach (var part in update.ContentUpdate)
    {
        Console.Write(part.Text);
    }
}
Console.WriteLine();`,
};

const embedding: Record<Language, Maker> = {
  curl: (id, url) => curl(`${url}/embeddings`, { model: id, input }),
  python: (id, url) => `import json, os, urllib.request

request = urllib.request.Request(
    ${text(`${url}/embeddings`)},
    headers={"Authorization": "Bearer " + os.environ["${keyVariable}"], "Content-Type": "application/json"},
    data=json.dumps({"model": ${text(id)}, "input": ${text(input)}}).encode(),
)
with urllib.request.urlopen(request) as response:
    vector = json.load(response)["data"][0]["embedding"]
print(len(vector), "dimensions:", vector[:3])`,
  javascript: (id, url) => `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${text(url)}, apiKey: process.env.${keyVariable} });
const answer = await client.embeddings.create({ model: ${text(id)}, input: ${text(input)} });
const vector = answer.data[0].embedding;
console.log(vector.length, 'dimensions:', vector.slice(0, 3));`,
  csharp: (id, url) => `using System.ClientModel;
using OpenAI;
using OpenAI.Embeddings;

var key = new ApiKeyCredential(Environment.GetEnvironmentVariable("${keyVariable}")!);
var client = new EmbeddingClient(${text(id)}, key, new OpenAIClientOptions { Endpoint = new Uri(${text(url)}) });
OpenAIEmbedding answer = await client.GenerateEmbeddingAsync(${text(input)});
var vector = answer.ToFloats();
Console.WriteLine($"{vector.Length} dimensions: {vector.Span[0]}, {vector.Span[1]}, {vector.Span[2]}");`,
};

function curl(url: string, body: object): string {
  return `curl -N ${shell(url)} \\
  -H "Authorization: Bearer $${keyVariable}" \\
  -H "Content-Type: application/json" \\
  -d ${shell(JSON.stringify(body))}`;
}
