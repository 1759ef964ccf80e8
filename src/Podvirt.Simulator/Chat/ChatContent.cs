using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Chat;

/// <summary>What a turn says.</summary>
/// <param name="Images">The addresses of its images, data or not; none is ever fetched.</param>
internal sealed record ChatContent(string Text, IReadOnlyList<string> Images)
{
    public static readonly ChatContent Empty = new("", []);

    /// <summary>A string, or parts of text and images in the words of chat completions or of responses; absent in some assistant turns.</summary>
    public static ChatContent Read(JsonElement? content)
    {
        if (content is not { } value)
        {
            return Empty;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return new ChatContent(Fields.TextOf(value, "content"), []);
        }

        var text = new StringBuilder();
        var images = new List<string>();
        foreach (var part in Parts(value, "content"))
        {
            switch (part.Text("type"))
            {
                case "text" or "input_text" or "output_text":
                    Append(text, Fields.TextOf(part.Need("text"), "text"));
                    break;
                case "refusal":
                    Append(text, Fields.TextOf(part.Need("refusal"), "refusal"));
                    break;
                case "image_url":
                    images.Add(Address(part.Need("image_url")));
                    break;
                case "input_image":
                    images.Add(Fields.TextOf(part.Need("image_url"), "image_url"));
                    break;
                case var type:
                    throw RequestException.Bad($"This model takes text and images only, not a part of type '{type}'.", "messages");
            }
        }

        return new ChatContent(text.ToString(), images);
    }

    /// <summary>The members of an array, which must all be objects.</summary>
    public static IEnumerable<Fields> Parts(JsonElement array, string name)
    {
        foreach (var part in array.EnumerateArray())
        {
            yield return part.ValueKind == JsonValueKind.Object
                ? new Fields(part)
                : throw RequestException.Malformed($"Input should be a valid dictionary: {name}", name);
        }
    }

    public static void Append(StringBuilder text, string more) => text.Append(text.Length > 0 ? "\n" : "").Append(more);

    private static string Address(JsonElement image) => image.ValueKind == JsonValueKind.Object
        ? Fields.TextOf(new Fields(image).Need("url"), "url")
        : Fields.TextOf(image, "image_url");
}
