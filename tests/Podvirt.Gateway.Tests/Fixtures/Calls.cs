using System.Net;
using System.Text;
using System.Text.Json;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>Requests as clients send them.</summary>
internal static class Calls
{
    public const string Chat = "/v1/chat/completions";
    public const string Completions = "/v1/completions";
    public const string StreamBody = """{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}""";
    public const string PlainBody = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";

    public static Task<HttpResponseMessage> PostAsync(
        this HttpClient client, string path, string body, params (string Name, string Value)[] headers) =>
        client.PostAsync(path, body, CancellationToken.None, headers);

    public static Task<HttpResponseMessage> PostAsync(
        this HttpClient client, string path, string body, CancellationToken cancellation, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    public static Task<HttpResponseMessage> StreamAsync(this GatewayHost host, params (string Name, string Value)[] headers) =>
        host.Client.PostAsync(Chat, StreamBody, headers);

    public static Task<HttpResponseMessage> PlainAsync(this GatewayHost host, params (string Name, string Value)[] headers) =>
        host.Client.PostAsync(Chat, PlainBody, headers);

    public static Task<string> TextAsync(this HttpResponseMessage response) => response.Content.ReadAsStringAsync().Within();

    public static async Task<string> TextAsync(this Task<HttpResponseMessage> response) => await (await response.Within()).TextAsync();

    /// <summary>Reads until the text is there; what came so far.</summary>
    public static async Task<string> ReadUntilAsync(this Stream stream, string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[1024];
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer).AsTask().Within();
            Assert.True(read > 0, $"The stream ended before '{end}': {text}");
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        return text.ToString();
    }

    /// <summary>Checks the status and the error's shape, and returns the error.</summary>
    public static async Task<JsonElement> ErrorAsync(this HttpResponseMessage response, HttpStatusCode status, string? code)
    {
        var text = await response.TextAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.True(Guid.TryParse(Assert.Single(response.Headers.GetValues("x-request-id")), out _));
        return ErrorOf(text, code);
    }

    public static async Task<JsonElement> ErrorAsync(this Task<HttpResponseMessage> response, HttpStatusCode status, string? code) =>
        await (await response.Within()).ErrorAsync(status, code);

    /// <summary>The error at the end of a stream; there is nothing behind it, and no end mark.</summary>
    public static JsonElement InBandError(string stream, string? code)
    {
        Assert.DoesNotContain("[DONE]", stream, StringComparison.Ordinal);
        var start = stream.LastIndexOf("data: {\"error\"", StringComparison.Ordinal);
        Assert.True(start >= 0, $"No error in: {stream}");
        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
        return ErrorOf(stream[(start + 6)..], code);
    }

    private static JsonElement ErrorOf(string json, string? code)
    {
        var error = JsonDocument.Parse(json).RootElement.GetProperty("error");
        Assert.Equal(JsonValueKind.String, error.GetProperty("message").ValueKind);
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.Equal(JsonValueKind.String, error.GetProperty("type").ValueKind);
        Assert.True(error.TryGetProperty("param", out _));
        Assert.Equal(code, error.GetProperty("code").GetString());
        return error;
    }
}
