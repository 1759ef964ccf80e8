using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A surface whose events have types, and what both of them have in common.</summary>
/// <param name="Name">As usage records have it.</param>
/// <param name="Start">What comes before the model's first output.</param>
/// <param name="First">The first output, with <c>Hé</c> in it.</param>
/// <param name="Rest">The other output.</param>
/// <param name="End">The event that ends a stream well.</param>
/// <param name="Aborted">The end of a stream that the engine gave up.</param>
/// <param name="Failure">An error that the engine reports.</param>
/// <param name="AtLeast">What is known of its counts before its end.</param>
internal sealed record TypedSurface(
    string Name, string Path, string StreamBody, string PlainBody, string Start, string First, string Rest, string End, string Aborted, string Failure,
    string Plain, TokenCounts Tokens, TokenCounts AtLeast)
{
    private static readonly TypedSurface s_responses = new(
        "responses", ResponseApi.Path, ResponseApi.StreamBody, ResponseApi.PlainBody, ResponseApi.Started, ResponseApi.Opened + ResponseApi.Delta("Hé", 3),
        ResponseApi.Delta(" \\\"type\\\":\\\"response.completed\\\"}", 4), ResponseApi.Completed, ResponseApi.Ended("response.completed", "cancelled"),
        "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"it broke\",\"param\":null,\"sequence_number\":4}\n\n",
        ResponseApi.Body(), ResponseApi.Tokens, default);

    private static readonly TypedSurface s_messages = new(
        "messages", MessageApi.Path, MessageApi.StreamBody, MessageApi.PlainBody, MessageApi.Start, MessageApi.Opened + MessageApi.Text("Hé"),
        MessageApi.Text(" {\\\"type\\\":\\\"message_stop\\\"}") + MessageApi.Closed + MessageApi.Counts, MessageApi.Stop, MessageApi.Delta("null") + MessageApi.Stop,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"internal_error\",\"message\":\"it broke\"}}\n\n",
        MessageApi.Reply(), MessageApi.Tokens, new TokenCounts(9, 0, 0, 0));

    public static TheoryData<string> Names => ["responses", "messages"];

    public string Events => Start + First + Rest + End;

    public static TypedSurface Of(string name) => name == "responses" ? s_responses : s_messages;

    /// <summary>An engine's script: the stream in these pieces, one chunk each.</summary>
    public static Func<FakeCall, Task> Sends(params string[] pieces) => async call =>
    {
        await SendAsync(call, pieces);
        await call.EndChunksAsync();
    };

    /// <summary>The same, and then nothing.</summary>
    public static Func<FakeCall, Task> SendsAndHangs(params string[] pieces) => async call =>
    {
        await SendAsync(call, pieces);
        await call.HangAsync();
    };

    /// <summary>The same, and then the connection breaks.</summary>
    public static Func<FakeCall, Task> SendsAndDies(params string[] pieces) => async call =>
    {
        await SendAsync(call, pieces);
        call.Close();
    };

    public Task<HttpResponseMessage> StreamAsync(GatewayHost host, params (string Name, string Value)[] headers) => host.Client.PostAsync(Path, StreamBody, headers);

    public Task<HttpResponseMessage> PlainAsync(GatewayHost host, params (string Name, string Value)[] headers) => host.Client.PostAsync(Path, PlainBody, headers);

    /// <summary>Checks that a stream ends with an error in its own shape, and with no end.</summary>
    public void EndsWithError(string stream, string? code, string? message = null)
    {
        Assert.DoesNotContain(End, stream, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", stream, StringComparison.Ordinal);
        const string Head = "event: error\ndata: ";
        var start = stream.LastIndexOf(Head, StringComparison.Ordinal);
        Assert.True(start >= 0, $"No error in: {stream}");
        Assert.EndsWith("}\n\n", stream, StringComparison.Ordinal);
        var root = JsonDocument.Parse(stream[(start + Head.Length)..]).RootElement;
        Assert.Equal("error", root.GetProperty("type").GetString());
        var error = root.GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.Equal(message ?? error.GetProperty("message").GetString(), error.GetProperty("message").GetString());
        if (Name == "responses")
        {
            // The event's own members, as OpenAI's types have them.
            Assert.Equal((code, error.GetProperty("message").GetString()), (root.GetProperty("code").GetString(), root.GetProperty("message").GetString()));
            Assert.True(root.GetProperty("sequence_number").GetInt64() >= 0);
        }
    }

    private static async Task SendAsync(FakeCall call, string[] pieces)
    {
        await call.SendStreamHeadAsync();
        foreach (var piece in pieces)
        {
            await call.SendChunkAsync(piece);
        }
    }
}
