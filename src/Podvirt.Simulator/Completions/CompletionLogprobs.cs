using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Completions;

/// <summary>The log probabilities of a completion's tokens, as columns.</summary>
/// <param name="Top">How many of the likeliest tokens to name at each place, besides the one that was written.</param>
internal sealed record CompletionLogprobs(int Top)
{
    /// <summary>What the engine names at most.</summary>
    public const int TopMax = 20;

    /// <returns>Null when the request asks for none.</returns>
    public static CompletionLogprobs? Read(Fields fields) => fields.Whole("logprobs") switch
    {
        null => null,
        < 0 => throw RequestException.Malformed("Value error, `logprobs` must be a positive value.", "logprobs"),
        > TopMax and var top => throw TooMany(top, "logprobs"),
        var top => new CompletionLogprobs((int)top),
    };

    public static RequestException TooMany(long? top, string parameter) =>
        RequestException.Bad($"Requested sample logprobs of {top}, which is greater than max allowed: {TopMax}", parameter);

    /// <summary>Those of the tokens from one place on.</summary>
    public void Write(Utf8JsonWriter writer, Sequence sequence, int from)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("text_offset");
        var offset = 0;
        for (var place = 0; place < sequence.GeneratedTokens; place++)
        {
            if (place >= from)
            {
                writer.WriteNumberValue(offset);
            }

            offset += TextOf(sequence.TokenAt(place)).EnumerateRunes().Count();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs");
        for (var place = from; place < sequence.GeneratedTokens; place++)
        {
            writer.WriteNumberValue(Likelihood.Log(sequence.TokenAt(place), place));
        }

        writer.WriteEndArray();
        writer.WriteStartArray("tokens");
        for (var place = from; place < sequence.GeneratedTokens; place++)
        {
            writer.WriteStringValue(TextOf(sequence.TokenAt(place)));
        }

        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs");
        for (var place = from; place < sequence.GeneratedTokens; place++)
        {
            writer.WriteStartObject();
            foreach (var (token, log) in Likelihood.Top(sequence.TokenAt(place), place, Top + 1))
            {
                writer.WriteNumber(TextOf(token), log);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string TextOf(int token) => Tokenizer.Decode(token)!;
}
