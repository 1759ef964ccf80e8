using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Requests;

namespace Podvirt.Fuzz.References;

/// <summary>One member of an object as <see cref="JsonDocument"/> has it, with its name read independently of it.</summary>
internal readonly record struct JsonMember(string Name, string RawName, JsonElement Value)
{
    /// <summary>The member as it is written, less the blanks between name and value.</summary>
    public string Raw => $"{RawName}:{Encoding.Latin1.GetString(JsonMarshal.GetRawUtf8Value(Value))}";

    /// <summary>All members in order, doubled ones too.</summary>
    public static List<JsonMember> Of(JsonElement element)
    {
        var members = new List<JsonMember>();
        foreach (var property in element.EnumerateObject())
        {
            var raw = JsonMarshal.GetRawUtf8PropertyName(property);
            members.Add(new JsonMember(Unescape(raw), Encoding.Latin1.GetString(raw), property.Value));
        }
        return members;
    }

    /// <summary>Where a value of a document that was parsed from <paramref name="body"/> stands in it.</summary>
    public static ByteRange RangeOf(JsonElement value, ReadOnlyMemory<byte> body)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        return body.Span.Overlaps(raw, out var start) ? new ByteRange(start, raw.Length) : throw new InvalidOperationException("Parsed from another text.");
    }

    /// <summary>The text of a string value.</summary>
    public static string TextOf(JsonElement value) => Unescape(JsonMarshal.GetRawUtf8Value(value)[1..^1]);

    /// <summary>Whether half of a surrogate pair stands alone in a text: it is no character.</summary>
    public static bool HasHalf(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i])))
            {
                return true;
            }
        }
        return false;
    }

    // Of text that is known to be valid JSON.
    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        var text = Encoding.UTF8.GetString(raw);
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }
            i++;
            result.Append(text[i] switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                var c => c,
            });
            i += text[i] == 'u' ? 4 : 0;
        }
        return result.ToString();
    }
}
