using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using Podvirt.Core.Requests;

namespace Podvirt.Gateway.Upstream;

/// <summary>Writes one request. Of the client's own headers none travels: not its key, its cookies, or x-podvirt-*.</summary>
internal static class UpstreamRequest
{
    // Up to here copying beats a send of its own: most requests leave in one.
    private const int CopiedBytesMax = 8 * 1024;

    /// <exception cref="IOException">The engine closed the connection.</exception>
    public static async ValueTask WriteAsync(
        UpstreamConnection connection, UpstreamPool pool, ReadOnlyMemory<byte> path, Guid requestId, bool stream,
        ReadOnlyMemory<byte> body, BodySplice splice)
    {
        var output = connection.Output;
        WriteHead(output, pool, "POST "u8, path.Span, requestId, stream, body.Length + splice.LengthDelta);
        var position = 0;
        while (splice.TryGetPiece(body, ref position, out var piece))
        {
            if (piece.Length <= CopiedBytesMax)
            {
                output.Write(piece.Span);
                continue;
            }
            // Not copied, and sent before the next: a large body waits for the engine to read it.
            ThrowIfClosed(await output.WriteAsync(piece));
        }
        ThrowIfClosed(await output.FlushAsync());
    }

    /// <summary>Writes one without a body.</summary>
    /// <exception cref="IOException">The engine closed the connection.</exception>
    public static async ValueTask WriteAsync(UpstreamConnection connection, UpstreamPool pool, string method, ReadOnlyMemory<byte> path, Guid requestId)
    {
        WriteHead(connection.Output, pool, Encoding.ASCII.GetBytes(method + " "), path.Span, requestId, stream: false, contentLength: 0);
        ThrowIfClosed(await connection.Output.FlushAsync());
    }

    private static void ThrowIfClosed(FlushResult flushed)
    {
        if (flushed.IsCompleted)
        {
            throw new UpstreamClosedException("The engine closed the connection while the request was sent.");
        }
    }

    private static void WriteHead(
        PipeWriter output, UpstreamPool pool, ReadOnlySpan<byte> method, ReadOnlySpan<byte> path, Guid requestId, bool stream, int contentLength)
    {
        output.Write(method);
        output.Write(pool.PathPrefix.Span);
        output.Write(path);
        output.Write(" HTTP/1.1\r\n"u8);
        output.Write(pool.FixedHeaders.Span);
        output.Write(stream ? "Accept: text/event-stream\r\n"u8 : "Accept: application/json\r\n"u8);
        output.Write("X-Request-Id: "u8);
        var span = output.GetSpan(64);
        Utf8Formatter.TryFormat(requestId, span, out var written);
        output.Advance(written);
        output.Write("\r\nContent-Length: "u8);
        span = output.GetSpan(32);
        Utf8Formatter.TryFormat(contentLength, span, out written);
        output.Advance(written);
        output.Write("\r\n\r\n"u8);
    }
}
