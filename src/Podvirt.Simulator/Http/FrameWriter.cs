using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;

namespace Podvirt.Simulator.Http;

/// <summary>Assembles event stream frames from bytes that never change and the few that do, straight into the response's pipe.</summary>
internal sealed class FrameWriter(PipeWriter pipe)
{
    public void Raw(ReadOnlySpan<byte> bytes) => pipe.Write(bytes);

    public void Number(long value)
    {
        var span = pipe.GetSpan(20);
        value.TryFormat(span, out var written);
        pipe.Advance(written);
    }

    /// <summary>A JSON string with its quotes.</summary>
    public void Text(string value)
    {
        var utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(value.Length));
        var length = Encoding.UTF8.GetBytes(value, utf8);
        ReadOnlySpan<byte> rest = utf8.AsSpan(0, length);
        Raw("\""u8);
        do
        {
            // At most six bytes for one: \u0000.
            var span = pipe.GetSpan(Math.Max(16, rest.Length * 6));
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(rest, span, out var consumed, out var written);
            pipe.Advance(written);
            rest = rest[consumed..];
        }
        while (rest.Length > 0);

        Raw("\""u8);
        ArrayPool<byte>.Shared.Return(utf8);
    }

    /// <summary>Sends what was written so far, as one piece.</summary>
    public async ValueTask FlushAsync() => await pipe.FlushAsync(CancellationToken.None);
}
