using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Podvirt.Core.Requests;

/// <summary>
/// The few edits that turn a client's body into the engine's, applied while it is sent: the body itself is never
/// changed, copied or serialised again.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct BodySplice
{
    // The model's name, and at most two places in stream_options.
    private const int EditsMax = 3;

    private static readonly ReadOnlyMemory<byte> s_bothMember = "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true},"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_usageMember = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_bothObject = "{\"include_usage\":true,\"continuous_usage_stats\":true}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_usageObject = "{\"include_usage\":true}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_true = "true"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_false = "false"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_bothOptions = "\"include_usage\":true,\"continuous_usage_stats\":true,"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_usageOption = "\"include_usage\":true,"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_continuousOption = "\"continuous_usage_stats\":true,"u8.ToArray();

    private EditBuffer _edits;
    private int _count;

    /// <summary>What has to change for an engine.</summary>
    /// <param name="request">The peeked body.</param>
    /// <param name="servedAs">The JSON string (with quotes) under which the engine knows the model; null or empty: as the client wrote it.</param>
    /// <param name="continuousUsage">Whether this engine takes <c>continuous_usage_stats</c>.</param>
    public static BodySplice For(in PeekedRequest request, ReadOnlyMemory<byte>? servedAs, bool continuousUsage)
    {
        var splice = WithoutUsage(request, servedAs);
        if (request is { Stream: true, TakesStreamOptions: true })
        {
            splice.AskForUsage(request, continuousUsage);
        }
        return splice;
    }

    /// <summary>The same for an engine that refuses <c>stream_options</c>: they stay as the client wrote them.</summary>
    public static BodySplice WithoutUsage(in PeekedRequest request, ReadOnlyMemory<byte>? servedAs)
    {
        var splice = default(BodySplice);
        if (servedAs is { Length: > 0 } name)
        {
            splice.Add(request.Model, name);
        }
        return splice;
    }

    /// <summary>How many bytes longer (or shorter) the result is.</summary>
    public readonly int LengthDelta
    {
        get
        {
            var delta = 0;
            for (var i = 0; i < _count; i++)
            {
                delta += _edits[i].Text.Length - _edits[i].Range.Length;
            }
            return delta;
        }
    }

    /// <summary>Hands out the pieces of the result in order. Start with <paramref name="position"/> at 0.</summary>
    /// <returns>False when there are no more.</returns>
    public readonly bool TryGetPiece(ReadOnlyMemory<byte> body, ref int position, out ReadOnlyMemory<byte> piece)
    {
        // Even positions are stretches of the body before each edit, odd ones the edits' texts.
        var edit = position / 2;
        if (position > _count * 2)
        {
            piece = default;
            return false;
        }
        if (position % 2 == 1)
        {
            piece = _edits[edit].Text;
        }
        else
        {
            var start = edit == 0 ? 0 : _edits[edit - 1].Range.End;
            var end = edit == _count ? body.Length : _edits[edit].Range.Start;
            piece = body[start..end];
        }
        position++;
        return true;
    }

    private void AskForUsage(in PeekedRequest request, bool continuousUsage)
    {
        if (!request.StreamOptions.IsPresent)
        {
            Add(new ByteRange(request.RootStart, 0), continuousUsage
                ? s_bothMember
                : s_usageMember);
            return;
        }
        if (request.StreamOptionsIsNull || request.StreamOptionsIsEmpty)
        {
            Add(request.StreamOptions, continuousUsage
                ? s_bothObject
                : s_usageObject);
            return;
        }

        var inside = new ByteRange(request.StreamOptions.Start + 1, 0);
        if (request.IncludeUsage.IsPresent)
        {
            Add(request.IncludeUsage, s_true);
        }
        if (request.ContinuousUsage.IsPresent)
        {
            Add(request.ContinuousUsage, continuousUsage ? s_true : s_false);
        }
        var missing = (request.IncludeUsage.IsPresent, request.ContinuousUsage.IsPresent || !continuousUsage) switch
        {
            (false, false) => s_bothOptions,
            (false, true) => s_usageOption,
            (true, false) => s_continuousOption,
            _ => default,
        };
        if (missing.Length > 0)
        {
            Add(inside, missing);
        }
    }

    // Kept in the order of the body. Insertions and replacements never overlap.
    private void Add(ByteRange range, ReadOnlyMemory<byte> text)
    {
        var at = _count++;
        while (at > 0 && _edits[at - 1].Range.Start > range.Start)
        {
            _edits[at] = _edits[at - 1];
            at--;
        }
        _edits[at] = new Edit(range, text);
    }

    private readonly record struct Edit(ByteRange Range, ReadOnlyMemory<byte> Text);

    [InlineArray(EditsMax)]
    private struct EditBuffer
    {
        private Edit _first;
    }
}
