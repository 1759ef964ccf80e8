using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Replies;

/// <summary>What one event of Anthropic's messages says that the gateway acts on.</summary>
[StructLayout(LayoutKind.Auto)]
public record struct MessageEvent
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 64 };

    public EventKind Kind { get; private set; }

    /// <summary>The event's <c>index</c>: of which block it is; null: it has none.</summary>
    public long? Block { get; private set; }

    /// <summary>The event begins that block.</summary>
    public bool BeginsBlock { get; private set; }

    /// <summary>The event ends that block.</summary>
    public bool EndsBlock { get; private set; }

    /// <summary>A <c>stop_reason</c> is given: why the answer ends. Engines give none for what they gave up.</summary>
    public bool HasStopReason { get; private set; }

    /// <summary>The event carries counts; they were taken over.</summary>
    public bool HasUsage { get; private set; }

    /// <summary>One of them is none, as in <see cref="UsageCounts"/>.</summary>
    public bool HasBadUsage { get; private set; }

    /// <summary>The value of <c>usage</c>.</summary>
    public ByteRange UsageValue { get; private set; }

    /// <summary>Reads one event's data. False when it is not a JSON object.</summary>
    /// <param name="json">The data.</param>
    /// <param name="usage">What the stream has told so far; with this event's counts afterwards.</param>
    /// <param name="read">The rest.</param>
    public static bool TryRead(ReadOnlySpan<byte> json, ref MessageUsage usage, out MessageEvent read)
    {
        read = default;
        if (TypedEvent.TryWalk(json, out var root))
        {
            read.Take(root, root.Type.Of(json));
            if (read.Kind is not (EventKind.Begin or EventKind.Counts))
            {
                return true;
            }
        }
        return TryReadWithReader(json, ref usage, out read);
    }

    /// <summary>Reads with the framework's reader: slower, and what decides for every JSON text.</summary>
    internal static bool TryReadWithReader(ReadOnlySpan<byte> json, ref MessageUsage usage, out MessageEvent read)
    {
        read = default;
        var reader = new Utf8JsonReader(json, s_options);
        var root = default(TypedEvent);
        Span<byte> type = stackalloc byte[TypedEvent.TypeBytesMax];
        var typeLength = 0;
        var (inMessage, beside) = (default(Told), default(Told));
        (inMessage.Usage, beside.Usage) = (usage, usage);
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
                    beside.Read(ref reader);
                }
                else if (reader.ValueTextEquals("message"u8))
                {
                    inMessage.ReadMessage(ref reader, usage);
                }
                else if (reader.ValueTextEquals("delta"u8))
                {
                    read.HasStopReason = ReadStopReason(ref reader);
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
        read.HasStopReason &= read.Kind == EventKind.Counts;
        if (read.Kind is EventKind.Begin or EventKind.Counts)
        {
            var told = read.Kind == EventKind.Begin ? inMessage : beside;
            (read.HasUsage, read.HasBadUsage, read.UsageValue) = (told.IsFound, told.IsBad, told.Value);
            usage = told.Usage;
        }
        return true;
    }

    private void Take(in TypedEvent root, ReadOnlySpan<byte> type)
    {
        Block = root.Index;
        Kind = root.IsError ? EventKind.Error : KindOf(type);
        BeginsBlock = Kind == EventKind.Output && type.SequenceEqual("content_block_start"u8);
        EndsBlock = Kind == EventKind.Output && type.SequenceEqual("content_block_stop"u8);
    }

    private static EventKind KindOf(ReadOnlySpan<byte> type) =>
        type.StartsWith("content_block_"u8) ? EventKind.Output
        : type.SequenceEqual("message_start"u8) ? EventKind.Begin
        : type.SequenceEqual("message_delta"u8) ? EventKind.Counts
        : type.SequenceEqual("message_stop"u8) ? EventKind.End
        : type.SequenceEqual("error"u8) ? EventKind.Error
        : EventKind.Other;

    private static bool ReadStopReason(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }
        var isGiven = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = reader.ValueTextEquals("stop_reason"u8);
            reader.Read();
            isGiven = isReason ? reader.TokenType == JsonTokenType.String : isGiven;
            reader.Skip();
        }
        return isGiven;
    }

    /// <summary>What one place for counts holds: they may stand in either before the event's type is known.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Told
    {
        public MessageUsage Usage;
        public bool IsFound;
        public bool IsBad;
        public ByteRange Value;

        public void Read(ref Utf8JsonReader reader)
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            IsFound |= Usage.TryRead(ref reader, out var isBad);
            IsBad |= isBad;
            Value = new ByteRange(start, (int)reader.BytesConsumed - start);
        }

        public void ReadMessage(ref Utf8JsonReader reader, in MessageUsage before)
        {
            this = new Told { Usage = before };
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                return;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("usage"u8))
                {
                    Read(ref reader);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
        }
    }
}
