using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Videos;

/// <summary>What tests ask of an engine that makes videos.</summary>
internal static class VideoClient
{
    public const string Videos = "/v1/videos";

    /// <summary>Small enough to be made at once.</summary>
    public static readonly (string Name, string Value)[] Small = [("size", "64x48"), ("seconds", "1"), ("fps", "4")];

    public static Task<InProcessEngine> StartAsync(params string[] more) => InProcessEngine.StartAsync(["--omni", "--sim-type", "video", "--sim-video-time", "0", .. more]);

    public static Task<InProcessEngine> StartAsync(TimeProvider time, params string[] more) =>
        InProcessEngine.StartAsync(time, ["--omni", "--sim-type", "video", .. more]);

    public static async Task<(HttpStatusCode Status, JsonNode Body)> PostFormAsync(
        this EngineClient client, string path, IEnumerable<(string Name, string Value)> fields, HttpContent? file = null)
    {
        using var response = await client.Http.PostAsync(path, Form(fields, file));
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    public static MultipartFormDataContent Form(IEnumerable<(string Name, string Value)> fields, HttpContent? file = null)
    {
        var form = new MultipartFormDataContent();
        if (file is not null)
        {
            form.Add(file, "input_reference", "start.png");
        }

        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        return form;
    }

    /// <returns>The new job's id.</returns>
    public static async Task<string> CreateAsync(this EngineClient client, string prompt = "a fox")
    {
        var (status, body) = await client.PostFormAsync(Videos, [("prompt", prompt), .. Small]);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return (string)body["id"]!;
    }

    public static async Task<(HttpStatusCode Status, JsonNode Body)> JobAsync(this EngineClient client, string id)
    {
        using var response = await client.Http.GetAsync($"{Videos}/{id}");
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    public static async Task<(HttpStatusCode Status, JsonNode Body)> DeleteAsync(this EngineClient client, string id)
    {
        using var response = await client.Http.DeleteAsync($"{Videos}/{id}");
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    public static Task<HttpResponseMessage> ContentAsync(this EngineClient client, string id) => client.Http.GetAsync($"{Videos}/{id}/content");

    /// <summary>Waits until a job is as far as that.</summary>
    public static Task UntilJobAsync(this EngineClient client, string id, string status) =>
        EngineClient.UntilAsync(async () => (string?)(await client.JobAsync(id)).Body["status"] == status, $"{id} is {status}");

    /// <returns>The ids of a list.</returns>
    public static async Task<string[]> ListAsync(this EngineClient client, string query = "")
    {
        var list = await client.GetAsync(Videos + query);
        return [.. list["data"]!.AsArray().Select(job => (string)job!["id"]!)];
    }

    public static string Message(JsonNode error) => (string)error["error"]!["message"]!;
}
