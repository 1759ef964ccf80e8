using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Podvirt.Core.Http;

namespace Podvirt.Gateway.Upstream;

/// <summary>One HTTP/1.1 connection to an engine: a pair of pipes and the means to cut it.</summary>
internal sealed class UpstreamConnection(IDuplexPipe transport, Action abort, Func<ValueTask> dispose) : IAsyncDisposable
{
    // What is still buffered for the engine is dropped with the connection, not sent.
    private static readonly IOException s_givenUp = new("The gateway gave this connection up.");

    // More are an engine that never comes to its answer.
    private const int InformationalHeadsMax = 16;

    private int _cut;

    public PipeReader Input => transport.Input;

    public PipeWriter Output => transport.Output;

    /// <summary>It has carried a request before: the engine may have closed it in the meantime.</summary>
    public bool IsReused { get; set; }

    /// <summary>Something has come since the last request was sent: the engine has read it.</summary>
    public bool HasAnswer { get; private set; }

    /// <summary>Closes the socket at once, from any thread: a pending read or write ends with an error.</summary>
    public void Cut()
    {
        if (Interlocked.Exchange(ref _cut, 1) == 0)
        {
            abort();
        }
    }

    /// <summary>False when the engine closed it, or sent something nobody asked for.</summary>
    public bool IsUsable()
    {
        if (Volatile.Read(ref _cut) != 0)
        {
            return false;
        }
        try
        {
            if (!Input.TryRead(out var result))
            {
                return true;
            }
            var isQuiet = result.Buffer.IsEmpty && !result.IsCompleted && !result.IsCanceled;
            Input.AdvanceTo(result.Buffer.Start);
            return isQuiet;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Reset, where a close would have been read as an end.
            return false;
        }
    }

    /// <summary>Reads one response head, past informational ones.</summary>
    /// <param name="contentType">The content type's bytes; empty when there was none.</param>
    /// <exception cref="UpstreamProtocolException">What came is no response head.</exception>
    /// <exception cref="UpstreamClosedException">The connection ended before the head did.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<(ResponseHead Head, string ContentType)> ReadHeadAsync()
    {
        HasAnswer = false;
        var informational = 0;
        while (true)
        {
            var read = await Input.ReadAsync();
            HasAnswer |= !read.Buffer.IsEmpty;
            var result = ParseHead(read.Buffer, out var head, out var consumed, out var contentType);
            switch (result)
            {
                case HeadParseResult.Complete:
                    Input.AdvanceTo(read.Buffer.GetPosition(consumed));
                    if (!head.IsInformational)
                    {
                        return (head, contentType);
                    }
                    if (head.Status == 101 || ++informational > InformationalHeadsMax)
                    {
                        throw new UpstreamProtocolException(head.Status == 101
                            ? "The engine switched to another protocol, which nobody asked for."
                            : "The engine sent one informational head after the other and no answer.");
                    }
                    break;
                case HeadParseResult.Malformed:
                    Input.AdvanceTo(read.Buffer.Start);
                    throw new UpstreamProtocolException("The engine's response head is not valid HTTP/1.1.");
                default:
                    Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    if (read.IsCompleted)
                    {
                        throw new UpstreamClosedException(
                            HasAnswer ? "The engine closed the connection within its response head." : "The engine closed the connection without an answer.");
                    }
                    break;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        await Input.CompleteAsync();
        await Output.CompleteAsync(s_givenUp);
        await dispose();
    }

    private static HeadParseResult ParseHead(in ReadOnlySequence<byte> buffer, out ResponseHead head, out int consumed, out string contentType)
    {
        contentType = "";
        if (buffer.IsSingleSegment)
        {
            return ParseHead(buffer.FirstSpan, out head, out consumed, out contentType);
        }
        var length = (int)Math.Min(buffer.Length, ResponseHead.BytesMax);
        var copy = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            buffer.Slice(0, length).CopyTo(copy);
            return ParseHead(copy.AsSpan(0, length), out head, out consumed, out contentType);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static HeadParseResult ParseHead(ReadOnlySpan<byte> bytes, out ResponseHead head, out int consumed, out string contentType)
    {
        var result = ResponseHead.Parse(bytes, out head, out consumed);
        contentType = "";
        if (result != HeadParseResult.Complete)
        {
            return result;
        }

        // It is the one value of the head that travels on, and the host takes printable ASCII only.
        var value = bytes.Slice(head.ContentType.Start, head.ContentType.Length);
        if (value.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return HeadParseResult.Malformed;
        }
        contentType = ContentTypes.NameOf(value);
        return result;
    }
}

/// <summary>The few content types engines send, without a new string for each.</summary>
internal static class ContentTypes
{
    public static string NameOf(ReadOnlySpan<byte> value) => value switch
    {
        _ when value.SequenceEqual("application/json"u8) => "application/json",
        _ when value.SequenceEqual("text/event-stream; charset=utf-8"u8) => "text/event-stream; charset=utf-8",
        _ => System.Text.Encoding.Latin1.GetString(value),
    };
}

/// <summary>An engine's answer is not HTTP.</summary>
internal sealed class UpstreamProtocolException(string message) : IOException(message);

/// <summary>An engine closed the connection before its response head was complete.</summary>
internal sealed class UpstreamClosedException(string message) : IOException(message);
