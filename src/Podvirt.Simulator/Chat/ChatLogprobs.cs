using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Chat;

/// <summary>The log probabilities of tokens, thinking and calls among them.</summary>
/// <param name="Top">How many of the likeliest tokens to name at each place.</param>
internal sealed record ChatLogprobs(int Top)
{
    /// <returns>Null when the request asks for none.</returns>
    public static ChatLogprobs? Read(Fields fields)
    {
        var top = fields.Whole("top_logprobs");
        if (!fields.Flag("logprobs"))
        {
            return top is null or 0
                ? null
                : throw RequestException.Malformed("Value error, when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs");
        }

        return top switch
        {
            null => new ChatLogprobs(0),
            < 0 => throw RequestException.Malformed("Value error, `top_logprobs` must be a positive value.", "top_logprobs"),
            > CompletionLogprobs.TopMax => throw CompletionLogprobs.TooMany(top, "top_logprobs"),
            _ => new ChatLogprobs((int)top),
        };
    }

    /// <summary>Those of the tokens from one place on.</summary>
    public void Write(Utf8JsonWriter writer, Sequence sequence, int from)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("content");
        for (var place = from; place < sequence.GeneratedTokens; place++)
        {
            var token = sequence.TokenAt(place);
            writer.WriteStartObject();
            WriteToken(writer, token, Likelihood.Log(token, place));
            writer.WriteStartArray("top_logprobs");
            foreach (var (other, log) in Top == 0 ? [] : Likelihood.Top(token, place, Top))
            {
                writer.WriteStartObject();
                WriteToken(writer, other, log);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter writer, int token, double log)
    {
        var text = Tokenizer.Decode(token)!;
        writer.WriteString("token", text);
        writer.WriteNumber("logprob", log);
        writer.WriteStartArray("bytes");
        foreach (var single in Encoding.UTF8.GetBytes(text))
        {
            writer.WriteNumberValue(single);
        }

        writer.WriteEndArray();
    }
}
