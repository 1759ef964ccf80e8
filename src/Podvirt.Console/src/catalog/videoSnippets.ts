import type { ModelView } from '../models/model';
import { keyVariable, type Language } from './languages';
import { shell, text } from './quoting';

const prompt = 'A paper boat sails down a rainy street.';

/** Short enough for every model that says how long its videos may be. */
const secondsMax = 4;

export type VideoModel = Pick<ModelView, 'id' | 'video'>;

/** What is asked for: the first size and length where the model names them. All values are text, as OpenAI's clients send them. */
function fieldsOf({ id, video }: VideoModel): [name: string, value: string][] {
  const seconds = video?.seconds[0] ?? Math.min(secondsMax, video?.max_seconds ?? secondsMax);
  const size = video?.sizes[0];
  return [['model', id], ['prompt', prompt], ['seconds', String(seconds)], ...(size === undefined ? [] : [['size', size] as [string, string]])];
}

const members = (model: VideoModel, member: (name: string, value: string) => string) => fieldsOf(model).map(([name, value]) => member(name, value)).join(', ');

/** Programs that ask for a video, wait for it and store it as a file. `url` is the API's. */
export const videoSnippets: Record<Language, (model: VideoModel, url: string) => string> = {
  curl: (model, url) => `auth="Authorization: Bearer $${keyVariable}"
job=$(curl -sS ${shell(`${url}/videos`)} -H "$auth" \\
${fieldsOf(model).map(([name, value]) => `  --form-string ${shell(`${name}=${value}`)}`).join(' \\\n')})
echo "$job"
id=$(echo "$job" | sed -n 's/.*"id" *: *"\\(video_[^"]*\\)".*/\\1/p')
while curl -fsS ${shell(`${url}/videos/`)}"$id" -H "$auth" | grep -qE '"status" *: *"(queued|in_progress)"'; do
  sleep 2
done
curl --fail-with-body -sS ${shell(`${url}/videos/`)}"$id/content" -H "$auth" -o video.mp4 && echo video.mp4`,
  python: (model, url) => `import json, os, time, urllib.request

url = ${text(`${url}/videos`)}
headers = {"Authorization": "Bearer " + os.environ["${keyVariable}"], "Content-Type": "application/json"}

def call(path="", body=None):
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(url + path, data, headers))

video = json.load(call(body={${members(model, (name, value) => `"${name}": ${text(value)}`)}}))
while video["status"] in ("queued", "in_progress"):
    time.sleep(2)
    video = json.load(call("/" + video["id"]))
    print(video["status"], video["progress"], "%")
if video["status"] != "completed":
    raise SystemExit(video["error"]["message"])
with open("video.mp4", "wb") as file:
    file.write(call("/" + video["id"] + "/content").read())
print("video.mp4")`,
  javascript: (model, url) => `import { writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${text(url)}, apiKey: process.env.${keyVariable} });
let video = await client.videos.create({ ${members(model, (name, value) => `${name}: ${text(value)}`)} });
while (video.status === 'queued' || video.status === 'in_progress') {
  await setTimeout(2000);
  video = await client.videos.retrieve(video.id);
  console.log(video.status, video.progress, '%');
}
if (video.status !== 'completed') throw new Error(video.error.message);
const file = await client.videos.downloadContent(video.id);
await writeFile('video.mp4', Buffer.from(await file.arrayBuffer()));
console.log('video.mp4');`,
  csharp: (model, url) => `using System.Net.Http.Json;
using System.Text.Json.Nodes;

var client = new HttpClient { BaseAddress = new Uri(${text(`${url}/`)}) };
client.DefaultRequestHeaders.Authorization = new("Bearer", Environment.GetEnvironmentVariable("${keyVariable}"));
var made = await client.PostAsJsonAsync("videos", new { ${members(model, (name, value) => `${name} = ${text(value)}`)} });
made.EnsureSuccessStatusCode();
var video = (await made.Content.ReadFromJsonAsync<JsonNode>())!;
while ((string)video["status"]! is "queued" or "in_progress")
{
    await Task.Delay(TimeSpan.FromSeconds(2));
    video = (await client.GetFromJsonAsync<JsonNode>($"videos/{video["id"]}"))!;
    Console.WriteLine($"{video["status"]} {video["progress"]} %");
}
if ((string)video["status"]! != "completed") throw new Exception((string)video["error"]!["message"]!);
await File.WriteAllBytesAsync("video.mp4", await client.GetByteArrayAsync($"videos/{video["id"]}/content"));
Console.WriteLine("video.mp4");`,
};
