using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Replies;

/// <summary>
/// What every typed event has at its root: its <c>type</c>, which place it has. In one pass, for events as engines write them; the many
/// that carry text need no other.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal record struct TypedEvent
{
    /// <summary>Longer types are nobody's.</summary>
    public const int TypeBytesMax = 64;

    /// <summary>Where the type stands, without its quotes.</summary>
    public ByteRange Type { get; private set; }

    /// <summary>The event's <c>sequence_number</c>; null: it has none.</summary>
    public long? Sequence { get; private set; }

    /// <summary>The event's <c>index</c>; null: it has none.</summary>
    public long? Index { get; private set; }

    /// <summary>There is an <c>error</c>, as an object or a string.</summary>
    public bool IsError { get; private set; }

    /// <returns>False: it gave up, and nothing here means anything.</returns>
    public static bool TryWalk(ReadOnlySpan<byte> json, out TypedEvent found)
    {
        found = default;
        var at = JsonWalk.SkipBlanks(json, JsonWalk.Take(json, 0, (byte)'{'));
        var isEnd = JsonWalk.ByteAt(json, at) == (byte)'}';
        at = isEnd ? at + 1 : at;
        while (at >= 0 && !isEnd)
        {
            at = JsonWalk.TakeName(json, at, out var start, out var length);
            at = found.WalkMember(json, at, json.Slice(start, length));
            at = JsonWalk.TakeCommaOr(json, at, (byte)'}', out isEnd);
        }
        return JsonWalk.SkipBlanks(json, at) == json.Length;
    }

    private int WalkMember(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> name)
    {
        at = JsonWalk.SkipBlanks(json, at);
        var first = JsonWalk.ByteAt(json, at);
        var end = JsonWalk.SkipValue(json, at);
        if (end < 0)
        {
            return end;
        }
        if (name.SequenceEqual("type"u8))
        {
            Type = first == (byte)'"' && end - at - 2 <= TypeBytesMax ? new ByteRange(at + 1, end - at - 2) : default;
            return Type.IsPresent && Type.Of(json).Contains((byte)'\\') ? JsonWalk.Lost : end;
        }
        if (name.SequenceEqual("error"u8))
        {
            IsError = first is (byte)'{' or (byte)'"';
        }
        else if (name.SequenceEqual("sequence_number"u8))
        {
            end = WalkNumber(json, at, end, out var sequence);
            Sequence = sequence;
        }
        else if (name.SequenceEqual("index"u8))
        {
            end = WalkNumber(json, at, end, out var index);
            Index = index;
        }
        return end;
    }

    /// <summary>The same by the framework's reader, which stands on a member's name. False, with nothing read: another member.</summary>
    public bool TryReadMember(ref Utf8JsonReader reader, scoped Span<byte> type, ref int typeLength)
    {
        if (reader.ValueTextEquals("type"u8))
        {
            reader.Read();
            typeLength = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= type.Length ? CopyText(ref reader, type) : 0;
        }
        else if (reader.ValueTextEquals("error"u8))
        {
            reader.Read();
            IsError = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.String;
        }
        else if (reader.ValueTextEquals("sequence_number"u8))
        {
            reader.Read();
            Sequence = Number(ref reader);
        }
        else if (reader.ValueTextEquals("index"u8))
        {
            reader.Read();
            Index = Number(ref reader);
        }
        else
        {
            return false;
        }
        reader.Skip();
        return true;
    }

    private static int CopyText(ref Utf8JsonReader reader, scoped Span<byte> text)
    {
        if (reader.ValueIsEscaped)
        {
            return reader.CopyString(text);
        }
        reader.ValueSpan.CopyTo(text);
        return reader.ValueSpan.Length;
    }

    // Any number but a plain count is for the reader.
    private static int WalkNumber(ReadOnlySpan<byte> json, int at, int end, out long? number)
    {
        number = null;
        if (json[at] is (byte)'-' or (>= (byte)'0' and <= (byte)'9'))
        {
            at = JsonWalk.TakeCount(json, at, out var count);
            number = count;
            return at == end ? end : JsonWalk.Lost;
        }
        return end;
    }

    private static long? Number(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number >= 0 ? number : null;
}
