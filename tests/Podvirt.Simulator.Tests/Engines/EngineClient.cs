using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.Simulator.Tests.Engines;

/// <summary>What tests say to an engine.</summary>
internal sealed class EngineClient : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http;

    public EngineClient(int port, string? key = null)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = _patience };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    public HttpClient Http => _http;

    public Task<HttpResponseMessage> PostAsync(string path, string body = "", CancellationToken token = default) =>
        _http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), token);

    public async Task<(HttpStatusCode Status, string Body)> SendAsync(string path, string body = "")
    {
        using var response = await PostAsync(path, body);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonNode> JsonAsync(string path, string body)
    {
        var (status, text) = await SendAsync(path, body);
        Assert.True(status == HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }

    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await _http.GetStringAsync(path))!;

    public Task<JsonNode> ChatAsync(string question, string more = "") => JsonAsync("/v1/chat/completions", Chat(question, more));

    public async Task<string> AnswerAsync(string question, string more = "") =>
        (string)(await ChatAsync(question, more))["choices"]![0]!["message"]!["content"]!;

    public async Task<EventStream> StreamAsync(string path, string body, CancellationToken token = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await EventStream.OpenAsync(await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token));
    }

    public Task<EventStream> ChatStreamAsync(string question, string more = "", CancellationToken token = default) =>
        StreamAsync("/v1/chat/completions", Chat(question, ",\"stream\":true" + more), token);

    /// <summary>A chat body; <paramref name="more"/> is more fields, each with a comma before it.</summary>
    public static string Chat(string question, string more = "") =>
        $$"""{"messages":[{"role":"user","content":{{JsonValue.Create(question)!.ToJsonString()}}}]{{more}}}""";

    public async Task<string> StateAsync(string field) => (await GetAsync("/sim/state"))[field]!.ToJsonString();

    /// <summary>Waits until a field of <c>/sim/state</c> has a value.</summary>
    public Task UntilAsync(string field, string value) => UntilAsync(async () => await StateAsync(field) == value, $"{field} is {value}");

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < _patience, $"never saw that {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    public void Dispose() => _http.Dispose();
}
