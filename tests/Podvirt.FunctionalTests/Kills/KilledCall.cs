using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Kills;

/// <summary>How a call ended in its client's eyes.</summary>
internal enum CallEnd
{
    /// <summary>It saw the end: <c>[DONE]</c>, or a whole plain reply.</summary>
    Finished,

    /// <summary>It was told of an error within the stream.</summary>
    ToldOfError,

    /// <summary>It left.</summary>
    Left,

    /// <summary>Its connection broke off.</summary>
    Cut,

    /// <summary>It was answered with an error's status.</summary>
    Refused,
}

/// <summary>One call to a server that may be killed at any moment, and what its client read of the engine's counts, and when.</summary>
internal sealed class KilledCall
{
    private readonly List<(long At, long Completion)> _counts = [];

    public string? Id { get; private set; }

    public CallEnd End { get; private set; }

    public int TokensMax { get; private init; }

    public long? Prompt { get; private set; }

    /// <summary>The engine gave it up and said so.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>When the client left, by the machine's monotonic clock.</summary>
    public long LeftAt { get; private set; }

    public long LastCount => _counts.Count == 0 ? 0 : _counts[^1].Completion;

    /// <summary>What it had read by a moment.</summary>
    public long CountAt(long timestamp) => _counts.LastOrDefault(c => c.At <= timestamp).Completion;

    public static async Task<KilledCall> StreamAsync(PodvirtProcess server, int tokens, int? leaveAfter)
    {
        var call = new KilledCall { TokensMax = tokens };
        try
        {
            using var response = await server.ChatAsync("chat", stream: true, more: new
            {
                max_tokens = tokens,
                min_tokens = tokens,
                stream_options = new { include_usage = true, continuous_usage_stats = true },
            });
            if (call.Accept(response))
            {
                call.End = await call.ReadAsync(response, leaveAfter);
                call.LeftAt = Stopwatch.GetTimestamp();
            }
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException or OperationCanceledException)
        {
            call.End = CallEnd.Cut;
        }
        return call;
    }

    public static async Task<KilledCall> PlainAsync(PodvirtProcess server, int tokens)
    {
        var call = new KilledCall { TokensMax = tokens, End = CallEnd.Cut };
        try
        {
            using var response = await server.ChatAsync("chat", stream: false, more: new { max_tokens = tokens, min_tokens = tokens });
            if (call.Accept(response))
            {
                call.Read(JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject());
                call.End = CallEnd.Finished;
            }
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException or OperationCanceledException)
        {
            call.End = CallEnd.Cut;
        }
        return call;
    }

    private bool Accept(HttpResponseMessage response)
    {
        Id = response.Headers.GetValues("x-request-id").Single();
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return true;
        }
        End = CallEnd.Refused;
        return false;
    }

    private async Task<CallEnd> ReadAsync(HttpResponseMessage response, int? leaveAfter)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line == "data: [DONE]")
            {
                return CallEnd.Finished;
            }
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
            {
                continue;
            }
            var chunk = JsonNode.Parse(line[6..])!.AsObject();
            if (chunk["error"] is not null)
            {
                return CallEnd.ToldOfError;
            }
            Read(chunk);
            if (leaveAfter <= LastCount)
            {
                return CallEnd.Left;
            }
        }
        return CallEnd.Cut;
    }

    private void Read(JsonObject reply)
    {
        if (reply["usage"] is JsonObject usage)
        {
            Prompt = (long)usage["prompt_tokens"]!;
            _counts.Add((Stopwatch.GetTimestamp(), (long)usage["completion_tokens"]!));
        }
        IsAborted |= reply["choices"]?.AsArray().Any(c => (string?)c!["finish_reason"] == "abort") == true;
    }
}
