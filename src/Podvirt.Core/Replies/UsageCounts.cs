using System.Text;
using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>Reads a <c>usage</c> object.</summary>
public static class UsageCounts
{
    private static readonly Names s_completions = new("prompt_tokens", "prompt_tokens_details", "completion_tokens", "completion_tokens_details");
    private static readonly Names s_responses = new("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details");

    /// <summary>Reads one of this shape, as <see cref="TryRead(ref Utf8JsonReader, out TokenCounts, out bool)"/> does.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, UsageShape shape, out TokenCounts tokens, out bool isBad)
    {
        if (shape != UsageShape.Messages)
        {
            return TryReadOpenAis(ref reader, shape, out tokens, out isBad);
        }
        var usage = default(MessageUsage);
        var found = usage.TryRead(ref reader, out isBad);
        tokens = usage.Counts;
        return found;
    }

    /// <summary>
    /// The reader stands on the value and ends on its last token. False, with the value skipped, for <c>null</c>,
    /// anything but an object, or an object without a whole number of prompt or completion tokens. Negative numbers are
    /// no counts, and a part is never larger than its whole: neither could be billed.
    /// </summary>
    /// <param name="reader">Stands on the value.</param>
    /// <param name="tokens">The counts.</param>
    /// <param name="isBad">One of the counts is there, and neither <c>null</c> nor a whole number from 0 to what a long holds: the engine cannot be believed.</param>
    public static bool TryRead(ref Utf8JsonReader reader, out TokenCounts tokens, out bool isBad) =>
        TryReadOpenAis(ref reader, UsageShape.Completions, out tokens, out isBad);

    private static bool TryReadOpenAis(ref Utf8JsonReader reader, UsageShape shape, out TokenCounts tokens, out bool isBad)
    {
        var names = shape == UsageShape.Responses ? s_responses : s_completions;
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
            if (reader.ValueTextEquals(names.Prompt))
            {
                found |= TryReadCount(ref reader, out var count, ref isBad);
                tokens = tokens with { Prompt = count };
            }
            else if (reader.ValueTextEquals(names.Completion))
            {
                found |= TryReadCount(ref reader, out var count, ref isBad);
                tokens = tokens with { Completion = count };
            }
            else if (shape == UsageShape.Prompts && reader.ValueTextEquals("total_tokens"u8))
            {
                total = TryReadCount(ref reader, out var count, ref isBadTotal) ? count : total;
            }
            else if (reader.ValueTextEquals(names.PromptDetails))
            {
                tokens = tokens with { Cached = ReadDetail(ref reader, "cached_tokens"u8, ref isBad) };
            }
            else if (reader.ValueTextEquals(names.CompletionDetails))
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

    /// <summary>The reader stands on the member's name. What is no count leaves <paramref name="count"/> as it is.</summary>
    internal static void ReadCount(ref Utf8JsonReader reader, ref long? count, ref bool isBad)
    {
        if (TryReadCount(ref reader, out var read, ref isBad))
        {
            count = read;
        }
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

    private sealed class Names(string prompt, string promptDetails, string completion, string completionDetails)
    {
        public byte[] Prompt { get; } = Encoding.ASCII.GetBytes(prompt);

        public byte[] PromptDetails { get; } = Encoding.ASCII.GetBytes(promptDetails);

        public byte[] Completion { get; } = Encoding.ASCII.GetBytes(completion);

        public byte[] CompletionDetails { get; } = Encoding.ASCII.GetBytes(completionDetails);
    }
}
