using System.Text.Json;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Chats;

/// <summary>Reads the chunks of one chat completion. What it gives is valid until the next one.</summary>
internal sealed class ChatChunk
{
    private char[] _text = new char[256];
    private int _textLength;
    private char[] _thinking = new char[256];
    private int _thinkingLength;

    public ReadOnlySpan<char> Text => _text.AsSpan(0, _textLength);

    /// <summary>What an engine's reasoning parser has told apart: <c>reasoning</c>, or <c>reasoning_content</c> in older engines.</summary>
    public ReadOnlySpan<char> Thinking => _thinking.AsSpan(0, _thinkingLength);

    public string? Finish { get; private set; }

    /// <summary>Cumulative.</summary>
    public TokenCounts? Usage { get; private set; }

    public AnswerError? Error { get; private set; }

    /// <returns>False when it is not a JSON object.</returns>
    public bool TryRead(ReadOnlySpan<byte> json)
    {
        (_textLength, _thinkingLength, Finish, Usage, Error) = (0, 0, null, null, null);
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                ReadMember(ref reader);
            }
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>An error of a reply's own, or in the middle of a stream: an object, or (of some engines) a text.</summary>
    public static AnswerError ReadError(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return new AnswerError(reader.GetString()!, null);
        }
        var element = JsonElement.ParseValue(ref reader);
        var isObject = element.ValueKind == JsonValueKind.Object;
        return new AnswerError(
            isObject && element.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String
                ? message.GetString()!
                : "The engine reported an error.",
            isObject && element.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String ? code.GetString() : null);
    }

    private void ReadMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("choices"u8))
        {
            reader.Read();
            ReadChoices(ref reader);
        }
        else if (reader.ValueTextEquals("usage"u8))
        {
            reader.Read();
            Usage = UsageCounts.TryRead(ref reader, out var tokens, out _) ? tokens : null;
        }
        else if (reader.ValueTextEquals("error"u8))
        {
            reader.Read();
            Error = reader.TokenType == JsonTokenType.Null ? null : ReadError(ref reader);
        }
        else
        {
            reader.Skip();
        }
    }

    // One choice was asked for.
    private void ReadChoices(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("delta"u8))
                {
                    reader.Read();
                    ReadDelta(ref reader);
                }
                else if (reader.ValueTextEquals("finish_reason"u8))
                {
                    reader.Read();
                    Finish = reader.TokenType == JsonTokenType.String ? reader.GetString() : Finish;
                    reader.Skip();
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private void ReadDelta(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                _textLength = Take(ref reader, ref _text, _textLength);
            }
            else if (reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("reasoning_content"u8))
            {
                // An engine that sends both names says the same twice.
                _thinkingLength = Take(ref reader, ref _thinking, _thinkingLength);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>The text's length; the length before where there is no text.</summary>
    private static int Take(ref Utf8JsonReader reader, ref char[] buffer, int before)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return before;
        }
        if (reader.ValueSpan.Length > buffer.Length)
        {
            buffer = new char[Math.Max(reader.ValueSpan.Length, buffer.Length * 2)];
        }
        return reader.CopyString(buffer);
    }
}
