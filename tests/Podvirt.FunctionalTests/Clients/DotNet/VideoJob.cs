using System.ClientModel;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Videos;

namespace Podvirt.FunctionalTests.Clients.DotNet;

/// <summary>A video by NuGet OpenAI, which has its calls but no types: bodies are put together and read by hand.</summary>
internal static class VideoJob
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(OpenAIClient client, Call call, Watch watch)
    {
        var videos = client.GetVideoClient();
        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in new Dictionary<string, string> { ["model"] = call.Model, ["prompt"] = call.Prompt, ["seconds"] = "1", ["size"] = "64x64" })
        {
            form.Add(new StringContent(value), name);
        }
        using var body = BinaryContent.Create(await form.ReadAsStreamAsync());
        var job = Read(await videos.CreateVideoAsync(body, form.Headers.ContentType!.ToString()));
        var id = (string)job["id"]!;
        while ((string)job["status"]! is "queued" or "in_progress")
        {
            if (call.LeaveAfter > 0 && (string)job["status"]! == "in_progress")
            {
                await videos.DeleteVideoAsync(id);
                return;
            }
            await Task.Delay(s_pause);
            job = Read(await videos.GetVideoAsync(id));
        }
        if (job["error"] is JsonObject error)
        {
            throw new EventException((string?)error["code"], (string)error["message"]!);
        }
        watch.Saw((await videos.DownloadVideoAsync(id)).GetRawResponse().Content.ToMemory().Span);
        watch.Usage = new Counts(0, 0, long.Parse((string)job["seconds"]!) * 1_000_000);
    }

    private static JsonObject Read(ClientResult result) => JsonNode.Parse(result.GetRawResponse().Content)!.AsObject();
}
