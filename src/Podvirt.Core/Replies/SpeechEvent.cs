using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>
/// What one event of streamed speech says that the gateway acts on: <c>speech.audio.delta</c> carries sound, <c>speech.audio.done</c> ends the
/// stream, with counts where the engine has them, and <c>speech.audio.error</c> is vllm-omni's word for a failure.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public record struct SpeechEvent
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 64 };

    public EventKind Kind { get; private set; }

    /// <summary>The last event carries counts.</summary>
    public bool HasUsage { get; private set; }

    /// <summary>One of them is none, as in <see cref="UsageCounts"/>.</summary>
    public bool HasBadUsage { get; private set; }

    /// <summary>Meaningful when <see cref="HasUsage"/>: of the text, and of the sound.</summary>
    public TokenCounts Tokens { get; private set; }

    /// <summary>The value of <c>usage</c>.</summary>
    public ByteRange UsageValue { get; private set; }

    /// <summary>Reads one event's data. False when it is not a JSON object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out SpeechEvent read)
    {
        read = default;
        if (TypedEvent.TryWalk(json, out var root))
        {
            read.Kind = KindOf(root, root.Type.Of(json));
            if (read.Kind != EventKind.End)
            {
                return true;
            }
        }
        return TryReadWithReader(json, out read);
    }

    /// <summary>Reads with the framework's reader: slower, and what decides for every JSON text.</summary>
    internal static bool TryReadWithReader(ReadOnlySpan<byte> json, out SpeechEvent read)
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
                if (reader.ValueTextEquals("usage"u8))
                {
                    read.ReadUsage(ref reader);
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
        var kind = KindOf(root, type[..typeLength]);
        read = kind == EventKind.End ? read with { Kind = kind } : new SpeechEvent { Kind = kind };
        return true;
    }

    private static EventKind KindOf(in TypedEvent root, ReadOnlySpan<byte> type) =>
        type.SequenceEqual("speech.audio.error"u8) ? EventKind.Failed
        : root.IsError ? EventKind.Error
        : type.SequenceEqual("speech.audio.delta"u8) ? EventKind.Output
        : type.SequenceEqual("speech.audio.done"u8) ? EventKind.End
        : EventKind.Other;

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
