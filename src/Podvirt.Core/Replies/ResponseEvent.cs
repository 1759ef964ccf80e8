using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>
/// What one event of OpenAI's responses says that the gateway acts on. Its <c>type</c> stands in its data, at whatever place; the whole
/// response, with status and counts, only in the first and the last ones.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public record struct ResponseEvent
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 64 };

    public EventKind Kind { get; private set; }

    /// <summary>The event's <c>sequence_number</c>; null: it has none.</summary>
    public long? Sequence { get; private set; }

    /// <summary>The response's id as it stands there, without quotes; absent where it has none that is short and without escapes.</summary>
    public ByteRange Id { get; private set; }

    /// <summary>An event at the end carries counts.</summary>
    public bool HasUsage { get; private set; }

    /// <summary>One of them is none, as in <see cref="UsageCounts"/>.</summary>
    public bool HasBadUsage { get; private set; }

    /// <summary>Meaningful when <see cref="HasUsage"/>.</summary>
    public TokenCounts Tokens { get; private set; }

    /// <summary>The value of the response's <c>usage</c>.</summary>
    public ByteRange UsageValue { get; private set; }

    /// <summary>The engine gave the response up, whatever the event's type: it says <c>cancelled</c>.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Reads one event's data. False when it is not a JSON object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out ResponseEvent read)
    {
        read = default;
        if (TypedEvent.TryWalk(json, out var root))
        {
            read.Take(root, root.Type.Of(json));
            if (read.Kind is EventKind.Output or EventKind.Other or EventKind.Error)
            {
                return true;
            }
        }
        return TryReadWithReader(json, out read);
    }

    /// <summary>Reads with the framework's reader: slower, and what decides for every JSON text.</summary>
    internal static bool TryReadWithReader(ReadOnlySpan<byte> json, out ResponseEvent read)
    {
        read = default;
        var reader = new Utf8JsonReader(json, s_options);
        var root = default(TypedEvent);
        Span<byte> type = stackalloc byte[TypedEvent.TypeBytesMax];
        var typeLength = 0;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("response"u8))
                {
                    reader.Read();
                    read.ReadResponse(ref reader);
                }
                else if (!root.TryReadMember(ref reader, type, ref typeLength))
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
            {
                read = default;
                return false;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half a surrogate pair, met where texts are compared.
            read = default;
            return false;
        }
        read.Take(root, type[..typeLength]);
        read.KeepWhatItsKindHas();
        return true;
    }

    private void Take(in TypedEvent root, ReadOnlySpan<byte> type)
    {
        Sequence = root.Sequence;
        Kind = root.IsError ? EventKind.Error : KindOf(type);
        IsAborted |= Kind == EventKind.End && type.SequenceEqual("response.cancelled"u8);
    }

    private static EventKind KindOf(ReadOnlySpan<byte> type)
    {
        if (!type.StartsWith("response."u8))
        {
            return type.SequenceEqual("error"u8) ? EventKind.Error : EventKind.Other;
        }
        var name = type["response.".Length..];
        return name.SequenceEqual("completed"u8) || name.SequenceEqual("incomplete"u8) || name.SequenceEqual("cancelled"u8) ? EventKind.End
            : name.SequenceEqual("failed"u8) ? EventKind.Failed
            : name.SequenceEqual("created"u8) || name.SequenceEqual("in_progress"u8) || name.SequenceEqual("queued"u8) ? EventKind.Begin
            : EventKind.Output;
    }

    // What another kind of event says of a response is not its end's.
    private void KeepWhatItsKindHas()
    {
        if (Kind is EventKind.End or EventKind.Failed)
        {
            return;
        }
        (HasUsage, HasBadUsage, Tokens, UsageValue, IsAborted) = (false, false, default, default, false);
        Id = Kind == EventKind.Begin ? Id : default;
    }

    private void ReadResponse(ref Utf8JsonReader reader)
    {
        (HasUsage, HasBadUsage, Tokens, UsageValue, IsAborted, Id) = (false, false, default, default, false, default);
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("usage"u8))
            {
                ReadUsage(ref reader);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                var isPlain = reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && reader.ValueSpan.Length <= ResponseIds.BytesMax;
                Id = isPlain ? new ByteRange((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length) : default;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                IsAborted = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("cancelled"u8);
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        HasUsage = UsageCounts.TryRead(ref reader, UsageShape.Responses, out var tokens, out var isBad);
        HasBadUsage |= isBad;
        Tokens = tokens;
        UsageValue = new ByteRange(start, (int)reader.BytesConsumed - start);
    }
}
