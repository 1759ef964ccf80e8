using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podvirt.Fuzz.Mutation;

/// <summary>Changes that leave valid JSON valid: members and values come, go, change places, or are spelled differently.</summary>
internal sealed class JsonMutation(Random random, JsonWords words)
{
    private static readonly string[] s_blanks = [" ", "\n", "\t", "\r\n", "  "];

    /// <returns>Null when <paramref name="json"/> is not valid.</returns>
    public byte[]? Change(byte[] json, byte[] other)
    {
        var map = JsonMap.Of(json);
        if (map is null)
        {
            return null;
        }
        return random.Next(8) switch
        {
            0 => ReplaceValue(json, map, other),
            1 => InsertMember(json, map, $"{Word(words.Names)}:{Word(words.Values)}"),
            2 => InsertMember(json, map, null),
            3 => Remove(json, map),
            4 => Put(json, map.Boundaries[random.Next(map.Boundaries.Count)], 0, s_blanks[random.Next(s_blanks.Length)]),
            5 => Escape(json, map),
            6 => Wrap(json, map),
            _ => ReplaceValue(json, map, null),
        };
    }

    // By another one: of this text, of the other one, or of the words.
    private byte[] ReplaceValue(byte[] json, JsonMap map, byte[]? other)
    {
        var (start, length) = Any(map.Values);
        if (other is not null && JsonMap.Of(other) is { } theirs)
        {
            var (from, taken) = Any(theirs.Values);
            return [.. json.AsSpan(0, start), .. other.AsSpan(from, taken), .. json.AsSpan(start + length)];
        }
        return Put(json, start, length, Word(words.Values));
    }

    // A new member, or one that is there already once more, at the start of any object.
    private byte[]? InsertMember(byte[] json, JsonMap map, string? member)
    {
        if (map.Objects.Count == 0 || (member is null && map.Members.Count == 0))
        {
            return null;
        }
        if (member is null)
        {
            var (start, length) = Any(map.Members);
            member = Encoding.Latin1.GetString(json, start, length);
        }
        var (at, isEmpty) = map.Objects[random.Next(map.Objects.Count)];
        return Put(json, at, 0, isEmpty ? member : $"{member},");
    }

    private byte[]? Remove(byte[] json, JsonMap map)
    {
        if (map.Members.Count == 0)
        {
            return null;
        }
        var (start, length) = Any(map.Members);
        var end = start + length;
        var next = json.AsSpan(end).IndexOfAnyExcept(" \t\r\n"u8);
        if (next >= 0 && json[end + next] == (byte)',')
        {
            return Put(json, start, end + next + 1 - start, "");
        }
        var previous = json.AsSpan(0, start).LastIndexOfAnyExcept(" \t\r\n"u8);
        return json[previous] == (byte)',' ? Put(json, previous, end - previous, "") : Put(json, start, length, "");
    }

    // One letter within a string or name, as \u00xx.
    private byte[]? Escape(byte[] json, JsonMap map)
    {
        if (map.Strings.Count == 0)
        {
            return null;
        }
        var (start, length) = Any(map.Strings);
        if (length <= 2)
        {
            return null;
        }
        var at = start + 1 + random.Next(length - 2);
        return char.IsAsciiLetter((char)json[at]) && !json.AsSpan(start, length).Contains((byte)'\\')
            ? Put(json, at, 1, string.Create(CultureInfo.InvariantCulture, $"\\u{json[at]:x4}"))
            : null;
    }

    private byte[] Wrap(byte[] json, JsonMap map)
    {
        var (start, length) = Any(map.Values);
        var value = Encoding.Latin1.GetString(json, start, length);
        return Put(json, start, length, random.Next(2) == 0 ? $"[{value}]" : $"{{{Word(words.Names)}:{value}}}");
    }

    private string Word(IReadOnlyList<string> from) => from[random.Next(from.Count)];

    private (int Start, int Length) Any(List<(int Start, int Length)> ranges) => ranges[random.Next(ranges.Count)];

    private static byte[] Put(byte[] json, int at, int length, string latin1) =>
        [.. json.AsSpan(0, at), .. Encoding.Latin1.GetBytes(latin1), .. json.AsSpan(at + length)];
}

/// <summary>Where the parts of a JSON text lie.</summary>
internal sealed class JsonMap
{
    public List<(int Start, int Length)> Values { get; } = [];

    /// <summary>From a name to the end of its value.</summary>
    public List<(int Start, int Length)> Members { get; } = [];

    /// <summary>Names and string values, with quotes.</summary>
    public List<(int Start, int Length)> Strings { get; } = [];

    /// <summary>Just behind each <c>{</c>.</summary>
    public List<(int At, bool IsEmpty)> Objects { get; } = [];

    /// <summary>Where each token starts.</summary>
    public List<int> Boundaries { get; } = [];

    public static JsonMap? Of(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        var map = new JsonMap();
        try
        {
            map.Read(ref reader);
        }
        catch (JsonException)
        {
            return null;
        }
        return map.Values.Count > 0 ? map : null;
    }

    private void Read(ref Utf8JsonReader reader)
    {
        // Open containers: where they start, and where the name before them does (-1: none).
        var open = new Stack<(int Start, int Name)>();
        var name = -1;
        while (reader.Read())
        {
            var start = (int)reader.TokenStartIndex;
            var end = (int)reader.BytesConsumed;
            Boundaries.Add(start);
            if (reader.TokenType is JsonTokenType.PropertyName)
            {
                name = start;

                // BytesConsumed is behind the colon.
                Strings.Add((start, reader.ValueSpan.Length + 2));
                continue;
            }
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    var next = reader;
                    Objects.Add((end, next.Read() && next.TokenType == JsonTokenType.EndObject));
                }
                open.Push((start, name));
                name = -1;
                continue;
            }
            if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                (start, name) = open.Pop();
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                Strings.Add((start, end - start));
            }
            Values.Add((start, end - start));
            if (name >= 0)
            {
                Members.Add((name, end - name));
                name = -1;
            }
        }
    }
}
