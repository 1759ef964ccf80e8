using System.Text.Json;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>
/// What a request asks of the mock. Besides OpenAI's members it reads <c>mock: {id, tokens, gap_us, first_us, pad}</c>: a member of
/// the body, because that is what every proxy passes on as it came.
/// </summary>
internal sealed class EngineRequest
{
    public string Model { get; private set; } = "mock";

    public bool Stream { get; private set; }

    public bool IncludeUsage { get; private set; }

    public bool ContinuousUsage { get; private set; }

    /// <summary>The sender's number for this request; -1: not from the generator.</summary>
    public long Id { get; private set; } = -1;

    public int Tokens { get; private set; } = 16;

    /// <summary>Nanoseconds between two tokens.</summary>
    public long Gap { get; private set; }

    /// <summary>Nanoseconds from the request to the first token.</summary>
    public long First { get; private set; }

    /// <summary>Bytes of filling in each event's content.</summary>
    public int Padding { get; private set; }

    /// <summary>A token is taken to be four bytes: only its being the same for every proxy matters.</summary>
    public int PromptTokens { get; private set; }

    /// <exception cref="JsonException">The body is no JSON object of the expected shape.</exception>
    public static EngineRequest Parse(ReadOnlySpan<byte> body)
    {
        var request = new EngineRequest { PromptTokens = Math.Max(1, body.Length / 4) };
        var reader = new Utf8JsonReader(body);
        _ = reader.Read();
        request.ReadObject(ref reader);
        return request;
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadMember(ref reader);
        }
    }

    private void ReadMember(ref Utf8JsonReader reader)
    {
        if (Next(ref reader, "model"u8))
        {
            Model = reader.GetString() ?? Model;
        }
        else if (Next(ref reader, "stream"u8))
        {
            Stream = reader.GetBoolean();
        }
        else if (Next(ref reader, "max_tokens"u8) || Next(ref reader, "max_completion_tokens"u8) || Next(ref reader, "tokens"u8))
        {
            Tokens = reader.GetInt32();
        }
        else if (Next(ref reader, "include_usage"u8))
        {
            IncludeUsage = reader.GetBoolean();
        }
        else if (Next(ref reader, "continuous_usage_stats"u8))
        {
            ContinuousUsage = reader.GetBoolean();
        }
        else if (Next(ref reader, "id"u8))
        {
            Id = reader.GetInt64();
        }
        else if (Next(ref reader, "gap_us"u8))
        {
            Gap = reader.GetInt64() * 1_000;
        }
        else if (Next(ref reader, "first_us"u8))
        {
            First = reader.GetInt64() * 1_000;
        }
        else if (Next(ref reader, "pad"u8))
        {
            Padding = reader.GetInt32();
        }
        else if (Next(ref reader, "mock"u8) || Next(ref reader, "stream_options"u8))
        {
            ReadObject(ref reader);
        }
        else
        {
            reader.Skip();
        }
    }

    /// <summary>Whether this is the member of that name; if so, the reader moves on to its value.</summary>
    private static bool Next(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueTextEquals(name) && reader.Read();
}
