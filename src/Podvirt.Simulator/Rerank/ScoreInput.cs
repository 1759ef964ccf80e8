using System.Text.Json;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Rerank;

/// <summary>One text that is compared with others.</summary>
internal sealed record ScoreInput(string Text, int[] Tokens)
{
    /// <summary>A text, an object with <c>content</c> parts, or an array of those.</summary>
    /// <exception cref="RequestException">It is something else, or nothing.</exception>
    public static ScoreInput[] ReadAll(JsonElement value, string name)
    {
        ScoreInput[] inputs = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => Read(item, name))] : [Read(value, name)];
        return inputs.Length > 0 ? inputs : throw RequestException.Bad($"At least one element of {name} must be given", name);
    }

    public static ScoreInput Read(JsonElement value, string name)
    {
        var text = value.ValueKind == JsonValueKind.Object ? ReadContent(new Fields(value), name) : Fields.TextOf(value, name);
        return new ScoreInput(text, [.. Tokenizer.Encode(text)]);
    }

    private static string ReadContent(Fields item, string name)
    {
        // Some clients send documents as they get them back.
        if (item.Text("text") is { } text)
        {
            return text;
        }

        if (item.Need("content") is not { ValueKind: JsonValueKind.Array } parts)
        {
            throw RequestException.Malformed($"Input should be a list of content parts: {name}", name);
        }

        return string.Join('\n', parts.EnumerateArray().Select(part =>
        {
            var fields = part.ValueKind == JsonValueKind.Object ? new Fields(part) : throw RequestException.Malformed($"Input should be a content part: {name}", name);
            return fields.Text("type") == "text"
                ? fields.Text("text") ?? throw RequestException.Malformed($"Field required: {name}.text", name)
                : throw RequestException.Bad("The model is not multimodal: only text parts are scored.", name);
        }));
    }
}
