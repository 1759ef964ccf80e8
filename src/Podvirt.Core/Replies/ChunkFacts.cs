using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>What one chunk of a stream says that the gateway acts on.</summary>
[StructLayout(LayoutKind.Auto)]
public partial record struct ChunkFacts
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 64 };

    /// <summary>The chunk carries counts.</summary>
    public bool HasUsage { get; private set; }

    /// <summary>The chunk carries a count that is none: negative, broken, beyond a long, or no number at all.</summary>
    public bool HasBadUsage { get; private set; }

    /// <summary>Cumulative counts; meaningful when <see cref="HasUsage"/>.</summary>
    public TokenCounts Tokens { get; private set; }

    /// <summary>The <c>usage</c> member with one comma beside it: taking it out leaves valid JSON. Absent when there is no such member.</summary>
    public ByteRange UsageMember { get; private set; }

    /// <summary>The value of the <c>usage</c> member.</summary>
    public ByteRange UsageValue { get; private set; }

    /// <summary><c>choices</c> is there and empty: the usage chunk at the end.</summary>
    public bool ChoicesAreEmpty { get; private set; }

    /// <summary><c>choices</c> is there and holds something: the model has begun to answer.</summary>
    public bool HasChoices { get; private set; }

    /// <summary>The <c>index</c> of the first choice: whose counts these are, where several are generated.</summary>
    public int Choice { get; private set; }

    /// <summary>The first choice's <c>finish_reason</c> is <c>abort</c>, as engines write it: they gave it up, because they were stopped.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>The first choice has its <c>finish_reason</c>: nothing of it follows.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>A top-level <c>error</c>: the engine failed in the middle of the stream.</summary>
    public bool IsError { get; private set; }

    /// <summary>Reads one chunk's JSON. False when it is not a JSON object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out ChunkFacts facts) => TryRead(json, from: 0, out facts, out _);

    /// <summary>Reads one chunk's JSON on from a place.</summary>
    /// <param name="json">The whole chunk.</param>
    /// <param name="from">Where a member of the root starts before which everything is good and says nothing; 0: at the chunk's start.</param>
    /// <param name="facts">What it says.</param>
    /// <param name="choicesAt">Such a place: where <c>choices</c> starts, unless something was said before it; 0: unknown.</param>
    internal static bool TryRead(ReadOnlySpan<byte> json, int from, out ChunkFacts facts, out int choicesAt)
    {
        facts = default;
        choicesAt = 0;
        return facts.TryWalk(json, from, ref choicesAt) || TryReadWithReader(json, out facts);
    }

    /// <summary>Reads one chunk's JSON with the framework's reader: slower, and what decides for every JSON text.</summary>
    internal static bool TryReadWithReader(ReadOnlySpan<byte> json, out ChunkFacts facts)
    {
        facts = default;
        var reader = new Utf8JsonReader(json, s_options);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                facts.ReadMember(json, ref reader);
            }
            return reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name with half a surrogate pair, met where names are compared.
            facts = default;
            return false;
        }
    }

    private void ReadMember(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("choices"u8))
        {
            reader.Read();
            ReadChoices(ref reader);
        }
        else if (reader.ValueTextEquals("usage"u8))
        {
            var nameStart = (int)reader.TokenStartIndex;
            reader.Read();
            var valueStart = (int)reader.TokenStartIndex;
            if (UsageCounts.TryRead(ref reader, out var tokens, out var isBad))
            {
                HasUsage = true;
                Tokens = tokens;
            }
            HasBadUsage |= isBad;
            UsageValue = new ByteRange(valueStart, (int)reader.BytesConsumed - valueStart);
            UsageMember = WithOneComma(json, nameStart, UsageValue.End);
        }
        else if (reader.ValueTextEquals("error"u8))
        {
            reader.Read();
            IsError = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.String;
            reader.Skip();
        }
        else
        {
            reader.Read();
            reader.Skip();
        }
    }

    private void ReadChoices(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        var depth = reader.CurrentDepth;
        reader.Read();
        ChoicesAreEmpty = reader.TokenType == JsonTokenType.EndArray;
        HasChoices = !ChoicesAreEmpty;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadFirstChoice(ref reader);
            reader.Read();
        }
        while (reader.TokenType != JsonTokenType.EndArray || reader.CurrentDepth != depth)
        {
            reader.Skip();
            reader.Read();
        }
    }

    private void ReadFirstChoice(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIndex = reader.ValueTextEquals("index"u8);
            var isFinish = !isIndex && reader.ValueTextEquals("finish_reason"u8);
            reader.Read();
            if (isFinish)
            {
                IsFinished = reader.TokenType == JsonTokenType.String;
                IsAborted = IsFinished && reader.ValueSpan.SequenceEqual("abort"u8);
            }
            if (isIndex && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var index))
            {
                Choice = index;
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static ByteRange WithOneComma(ReadOnlySpan<byte> json, int start, int end)
    {
        if (json[start - 1] == (byte)',')
        {
            return new ByteRange(start - 1, end - start + 1);
        }
        var before = json[..start].LastIndexOfAnyExcept(" \t\r\n"u8);
        if (before >= 0 && json[before] == (byte)',')
        {
            return new ByteRange(before, end - before);
        }
        var after = json[end..].IndexOfAnyExcept(" \t\r\n"u8);
        return after >= 0 && json[end + after] == (byte)','
            ? new ByteRange(start, end + after + 1 - start)
            : new ByteRange(start, end - start);
    }
}
