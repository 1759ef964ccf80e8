using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Tests.Fixtures;

internal enum Framing
{
    Chunked,
    ContentLength,
    CloseDelimited,
}

/// <summary>One whole answer as bytes on the wire, and how much of its payload is there after each of them.</summary>
internal sealed class Wire
{
    private readonly List<byte> _bytes = [];
    private readonly List<int> _payloadAt = [];

    private Wire()
    {
    }

    public byte[] Bytes => [.. _bytes];

    public int Length => _bytes.Count;

    /// <summary>Bytes of payload within the first <paramref name="length"/> bytes of the wire.</summary>
    public int PayloadWithin(int length) => length == 0 ? 0 : _payloadAt[length - 1];

    /// <param name="contentType">Of the head.</param>
    /// <param name="payload">The body without framing.</param>
    /// <param name="framing">How the body ends.</param>
    /// <param name="chunk">Bytes in a chunk, where it is chunked: chosen so that chunks begin and end anywhere.</param>
    public static Wire Of(string contentType, string payload, Framing framing, int chunk = 37)
    {
        var bytes = Encoding.UTF8.GetBytes(payload);
        var wire = new Wire();
        wire.Add($"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\n" + framing switch
        {
            Framing.Chunked => "Transfer-Encoding: chunked\r\n\r\n",
            Framing.ContentLength => $"Content-Length: {bytes.Length}\r\n\r\n",
            _ => "\r\n",
        });
        if (framing != Framing.Chunked)
        {
            wire.AddPayload(bytes);
            return wire;
        }
        foreach (var part in bytes.Chunk(chunk))
        {
            wire.Add(string.Create(CultureInfo.InvariantCulture, $"{part.Length:x}\r\n"));
            wire.AddPayload(part);
            wire.Add("\r\n");
        }
        wire.Add("0\r\n\r\n");
        return wire;
    }

    private void Add(string text)
    {
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            _bytes.Add(b);
            _payloadAt.Add(_payloadAt.Count == 0 ? 0 : _payloadAt[^1]);
        }
    }

    private void AddPayload(byte[] bytes)
    {
        foreach (var b in bytes)
        {
            _bytes.Add(b);
            _payloadAt.Add(_payloadAt[^1] + 1);
        }
    }
}

/// <summary>A stream of an engine that was asked for usage on every chunk, beside what its client, who asked for none, is to get.</summary>
internal sealed partial class RecordedStream
{
    private readonly List<(int End, string Out, TokenCounts Tokens)> _events = [];

    public RecordedStream(string newline = "\n")
    {
        var sent = EventsOf(new SampleReply(true, true, IncludeUsage: true, Continuous: true));
        var expected = EventsOf(new SampleReply(true, true, false, false));
        var end = 0;
        var tokens = default(TokenCounts);
        for (var i = 0; i < sent.Length; i++)
        {
            if (CompletionTokens().Match(sent[i]) is { Success: true } count)
            {
                tokens = new TokenCounts(SampleReply.Prompt, 0, long.Parse(count.Groups[1].Value, CultureInfo.InvariantCulture), 0);
            }

            // The usage chunk, last but one, has no counterpart.
            var text = i < sent.Length - 2 ? expected[i] : i == sent.Length - 1 ? expected[^1] : "";
            end += Encoding.UTF8.GetByteCount(sent[i].Replace("\n", newline, StringComparison.Ordinal));
            _events.Add((end, text.Replace("\n", newline, StringComparison.Ordinal), tokens));
        }
        Sent = string.Concat(sent).Replace("\n", newline, StringComparison.Ordinal);
    }

    /// <summary>The engine's payload.</summary>
    public string Sent { get; }

    /// <summary>What is owed to the client and to the ledger once that much payload has come.</summary>
    public (string Text, TokenCounts Tokens, bool IsDone) After(int payload)
    {
        var come = _events.TakeWhile(e => e.End <= payload).ToList();
        return (string.Concat(come.Select(e => e.Out)), come.Count == 0 ? default : come[^1].Tokens, come.Count == _events.Count);
    }

    private static string[] EventsOf(SampleReply reply) => [.. reply.Events.Split("\n\n")[..^1].Select(e => e + "\n\n")];

    [GeneratedRegex("\"completion_tokens\":([0-9]+)")]
    private static partial Regex CompletionTokens();
}
