using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>Reads an OpenAI <c>usage</c> object.</summary>
public static class UsageCounts
{
    /// <summary>
    /// The reader stands on the value and ends on its last token. False, with the value skipped, for <c>null</c>,
    /// anything but an object, or an object without a whole number of prompt or completion tokens. Negative numbers are
    /// no counts, and a part is never larger than its whole: neither could be billed.
    /// </summary>
    /// <param name="reader">Stands on the value.</param>
    /// <param name="tokens">The counts.</param>
    /// <param name="isBad">One of the counts is there, and neither <c>null</c> nor a whole number from 0 to what a long holds: the engine cannot be believed.</param>
    /// <param name="totalIsPrompt">Where <c>total_tokens</c> stands alone, as some engines count a ranking, it is the prompt's.</param>
    public static bool TryRead(ref Utf8JsonReader reader, out TokenCounts tokens, out bool isBad, bool totalIsPrompt = false)
    {
        tokens = default;
        isBad = false;
        long? total = null;
        var isBadTotal = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }
        var found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8))
            {
                found |= TryReadCount(ref reader, out var count, ref isBad);
                tokens = tokens with { Prompt = count };
            }
            else if (reader.ValueTextEquals("completion_tokens"u8))
            {
                found |= TryReadCount(ref reader, out var count, ref isBad);
                tokens = tokens with { Completion = count };
            }
            else if (totalIsPrompt && reader.ValueTextEquals("total_tokens"u8))
            {
                total = TryReadCount(ref reader, out var count, ref isBadTotal) ? count : total;
            }
            else if (reader.ValueTextEquals("prompt_tokens_details"u8))
            {
                tokens = tokens with { Cached = ReadDetail(ref reader, "cached_tokens"u8, ref isBad) };
            }
            else if (reader.ValueTextEquals("completion_tokens_details"u8))
            {
                tokens = tokens with { Reasoning = ReadDetail(ref reader, "reasoning_tokens"u8, ref isBad) };
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (!found)
        {
            isBad |= isBadTotal;
            found = total is not null;
            tokens = tokens with { Prompt = total ?? 0 };
        }
        tokens = found
            ? tokens with { Cached = Math.Min(tokens.Cached, tokens.Prompt), Reasoning = Math.Min(tokens.Reasoning, tokens.Completion) }
            : default;
        return found;
    }

    /// <summary>The same by <see cref="JsonWalk"/>, from behind the object's <c>{</c>.</summary>
    /// <param name="json">The text.</param>
    /// <param name="at">The place.</param>
    /// <param name="tokens">The counts.</param>
    /// <param name="found">Whether there are any.</param>
    internal static int Walk(ReadOnlySpan<byte> json, int at, out TokenCounts tokens, out bool found)
    {
        long prompt = 0, cached = 0, completion = 0, reasoning = 0;
        tokens = default;
        found = false;
        at = JsonWalk.SkipBlanks(json, at);
        if (JsonWalk.ByteAt(json, at) == (byte)'}')
        {
            return at + 1;
        }
        var isEnd = false;
        while (at >= 0 && !isEnd)
        {
            at = JsonWalk.TakeName(json, at, out var nameStart, out var nameLength);
            var name = json.Slice(nameStart, nameLength);
            if (name.SequenceEqual("prompt_tokens"u8))
            {
                at = JsonWalk.TakeCount(json, at, out prompt);
                found = true;
            }
            else if (name.SequenceEqual("completion_tokens"u8))
            {
                at = JsonWalk.TakeCount(json, at, out completion);
                found = true;
            }
            else if (name.SequenceEqual("prompt_tokens_details"u8))
            {
                at = WalkDetail(json, at, "cached_tokens"u8, out cached);
            }
            else if (name.SequenceEqual("completion_tokens_details"u8))
            {
                at = WalkDetail(json, at, "reasoning_tokens"u8, out reasoning);
            }
            else
            {
                at = JsonWalk.SkipValue(json, at);
            }
            at = JsonWalk.TakeCommaOr(json, at, (byte)'}', out isEnd);
        }
        if (found)
        {
            tokens = new TokenCounts(prompt, Math.Min(cached, prompt), completion, Math.Min(reasoning, completion));
        }
        return at;
    }

    private static int WalkDetail(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> name, out long detail)
    {
        detail = 0;
        at = JsonWalk.SkipBlanks(json, at);
        if (JsonWalk.ByteAt(json, at) != (byte)'{')
        {
            return JsonWalk.SkipValue(json, at);
        }
        at = JsonWalk.SkipBlanks(json, at + 1);
        if (JsonWalk.ByteAt(json, at) == (byte)'}')
        {
            return at + 1;
        }
        var isEnd = false;
        while (at >= 0 && !isEnd)
        {
            at = JsonWalk.TakeName(json, at, out var nameStart, out var nameLength);
            at = json.Slice(nameStart, nameLength).SequenceEqual(name) ? JsonWalk.TakeCount(json, at, out detail) : JsonWalk.SkipValue(json, at);
            at = JsonWalk.TakeCommaOr(json, at, (byte)'}', out isEnd);
        }
        return at;
    }

    private static bool TryReadCount(ref Utf8JsonReader reader, out long count, ref bool isBad)
    {
        count = 0;
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out count) && count >= 0)
        {
            return true;
        }
        count = 0;
        isBad |= reader.TokenType != JsonTokenType.Null;
        reader.Skip();
        return false;
    }

    private static long ReadDetail(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, ref bool isBad)
    {
        var detail = 0L;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return detail;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name))
            {
                TryReadCount(ref reader, out detail, ref isBad);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return detail;
    }
}
