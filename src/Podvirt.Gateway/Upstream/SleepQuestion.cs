using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Http;

namespace Podvirt.Gateway.Upstream;

/// <summary>Asks an engine whether it sleeps, as vLLM's <c>GET /is_sleeping</c> has it.</summary>
internal static class SleepQuestion
{
    // {"is_sleeping":false}
    private const int AnswerBytesMax = 1024;

    private static readonly ReadOnlyMemory<byte> s_path = "/is_sleeping"u8.ToArray();

    /// <param name="connection">One that carries nothing else meanwhile.</param>
    /// <exception cref="IOException">The connection broke, or what came is no HTTP.</exception>
    public static async ValueTask<SleepAnswer> AskAsync(UpstreamConnection connection, UpstreamPool pool, Guid requestId)
    {
        await UpstreamRequest.WriteAsync(connection, pool, "GET", s_path, requestId);
        var (head, _) = await connection.ReadHeadAsync();
        var body = new UpstreamBody(head);
        var bytes = new ArrayBufferWriter<byte>(64);
        var hasExcess = false;
        while (!body.IsComplete && !body.IsMalformed && bytes.WrittenCount < AnswerBytesMax)
        {
            var read = await connection.Input.ReadAsync();
            hasExcess |= Take(read.Buffer, ref body, bytes);
            connection.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }
        var isReusable = body.IsComplete && !hasExcess && head.KeepAlive && head.Framing != BodyFraming.CloseDelimited;
        return new SleepAnswer(head.Status == 200 && SaysAsleep(bytes.WrittenMemory), isReusable);
    }

    // True where there is more than the body.
    private static bool Take(in ReadOnlySequence<byte> buffer, ref UpstreamBody body, ArrayBufferWriter<byte> destination)
    {
        var hasExcess = false;
        foreach (var segment in buffer)
        {
            var input = segment.Span;
            while (body.TryRead(ref input, out var payload))
            {
                destination.Write(payload);
            }
            hasExcess |= input.Length > 0;
        }
        return hasExcess;
    }

    // An engine that says something else, or has no such path, has no sleep that this could be about.
    private static bool SaysAsleep(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var answer = JsonDocument.Parse(json);
            return answer.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("is_sleeping"u8, out var says) && says.ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <param name="IsAsleep">It said so.</param>
/// <param name="IsReusable">The connection is between two answers.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SleepAnswer(bool IsAsleep, bool IsReusable);
