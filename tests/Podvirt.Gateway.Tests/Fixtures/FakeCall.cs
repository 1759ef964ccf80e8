using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>One request at a <see cref="FakeEngine"/>, and the means to answer it.</summary>
internal sealed class FakeCall(FakeConnection connection, byte[] head, byte[] body, int number)
{
    private readonly string[] _lines = Encoding.Latin1.GetString(head).Split("\r\n");

    /// <summary>Counts requests of the engine from 1.</summary>
    public int Number => number;

    public FakeConnection Connection => connection;

    public string RequestLine => _lines[0];

    public string Head => Encoding.Latin1.GetString(head);

    public byte[] BodyBytes => body;

    public string Body => Encoding.UTF8.GetString(body);

    public Task PeerClosed => connection.PeerClosed;

    public JsonElement Json => JsonDocument.Parse(body).RootElement;

    public string? Header(string name) => _lines.Skip(1)
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => connection.SendAsync(bytes);

    public void Close() => connection.Close(reset: false);

    public void Reset() => connection.Close(reset: true);

    /// <summary>Does nothing until the gateway closes the connection.</summary>
    public Task HangAsync() => PeerClosed;

    public Task SendStreamHeadAsync(bool keepAlive = true) => SendAsync(Replies.StreamHead(keepAlive));

    /// <summary>Sends text as one chunk of the chunked coding.</summary>
    public Task SendChunkAsync(string text) => SendAsync(Replies.Chunk(text));

    public Task EndChunksAsync() => SendAsync("0\r\n\r\n");

    /// <summary>Answers as a well-behaved engine would, by the options of the request.</summary>
    public async Task AnswerAsync()
    {
        if (RequestLine.Contains("/embeddings", StringComparison.Ordinal))
        {
            await AnswerJsonAsync(200, Replies.Embedding);
            return;
        }
        var reply = SampleReply.For(this);
        if (!reply.Stream)
        {
            await AnswerJsonAsync(200, reply.Plain);
            return;
        }
        await SendStreamHeadAsync();
        await SendChunkAsync(reply.Events);
        await EndChunksAsync();
    }

    public Task AnswerJsonAsync(int status, string json, string more = "") => SendAsync(string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n{more}Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}"));
}
