using System.Text.Json;

namespace Podvirt.Simulator.Http;

/// <summary>Typed access to a request's fields. A null counts as absent; a wrong type makes the request malformed.</summary>
internal readonly struct Fields(JsonElement element)
{
    public bool Has(string name) => Find(name) is not null;

    public JsonElement? Find(string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonElement Need(string name) => Find(name) ?? throw RequestException.Malformed($"Field required: {name}", name);

    public string? Text(string name) => Find(name) is { } value ? TextOf(value, name) : null;

    public bool Flag(string name) => Find(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        _ => throw RequestException.Malformed($"Input should be a valid boolean: {name}", name),
    };

    public long? Whole(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : throw RequestException.Malformed($"Input should be a valid integer: {name}", name);
    }

    public double? Number(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            ? number
            : throw RequestException.Malformed($"Input should be a valid number: {name}", name);
    }

    public Fields? Group(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new Fields(value),
        _ => throw RequestException.Malformed($"Input should be a valid dictionary: {name}", name),
    };

    /// <summary>A string, or an array of strings.</summary>
    public string[] Texts(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } value => [TextOf(value, name)],
        { ValueKind: JsonValueKind.Array } value => [.. value.EnumerateArray().Select(item => TextOf(item, name))],
        _ => throw RequestException.Malformed($"Input should be a string or a list of strings: {name}", name),
    };

    public int[] Wholes(string name) => Find(name) is { } value ? WholesOf(value, name) : [];

    public static int[] WholesOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw RequestException.Malformed($"Input should be a list of integers: {name}", name);
        }

        var numbers = new int[value.GetArrayLength()];
        var at = 0;
        foreach (var item in value.EnumerateArray())
        {
            numbers[at++] = item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number)
                ? number
                : throw RequestException.Malformed($"Input should be a list of integers: {name}", name);
        }

        return numbers;
    }

    public static string TextOf(JsonElement value, string name)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw RequestException.Malformed($"Input should be a valid string: {name}", name);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: JSON may spell it, but it is no text.
            throw RequestException.Malformed($"Input should be valid Unicode text: {name}", name);
        }
    }
}
