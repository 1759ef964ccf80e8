using System.Globalization;

namespace Podvirt.Configuration;

/// <summary>
/// Reads one mapping key by key. Every <c>Take…</c> names a key that exists; <see cref="Close"/> then reports all others.
/// A value that is missing or wrong gives the fallback and a finding, and reading goes on.
/// </summary>
internal sealed class MapReader
{
    private readonly YamlMap _map;
    private readonly ConfigFindings _findings;
    private readonly List<string> _known = [];
    private readonly HashSet<string> _present = new(StringComparer.Ordinal);

    private MapReader(YamlMap map, string path, ConfigFindings findings)
    {
        _map = map;
        _findings = findings;
        Path = path;
        foreach (var (key, _) in map.Entries)
        {
            if (!_present.Add(key.Value))
            {
                findings.Error(key.Line, KeyPath(key.Value), "stands here a second time", "keep one of the two");
            }
        }
    }

    public string Path { get; }

    public int Line => _map.Line;

    /// <summary>Null, with a finding, when the node is no mapping.</summary>
    public static MapReader? Open(YamlNode node, string path, ConfigFindings findings, string example)
    {
        if (node is YamlMap map)
        {
            return new MapReader(map, path, findings);
        }
        findings.Error(node.Line, path, $"is {node.Kind}, not a mapping", $"write it as {example}");
        return null;
    }

    public string KeyPath(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    public bool Has(string key) => _present.Contains(key);

    /// <summary>Every key that stands here, once.</summary>
    public IEnumerable<string> Keys() => _map.Entries.Select(e => e.Key.Value).Distinct(StringComparer.Ordinal);

    public int LineOf(string key) => Has(key) ? _map.Entries.First(e => e.Key.Value == key).Key.Line : _map.Line;

    /// <summary>The value as it stands, or null when the key is absent or (with a finding) empty.</summary>
    public YamlNode? Take(string key)
    {
        _known.Add(key);
        if (!Has(key))
        {
            return null;
        }
        var node = _map.Entries.First(e => e.Key.Value == key).Value;
        if (node is YamlText { IsEmpty: true })
        {
            Error(key, "is empty", "give it a value or remove the key");
            return null;
        }
        return node;
    }

    public string? TakeText(string key)
    {
        switch (Take(key))
        {
            case null:
                return null;
            case YamlText text:
                return text.Value;
            case var other:
                Error(key, $"is {other.Kind}", "write one piece of text");
                return null;
        }
    }

    public string TakeRequiredText(string key, string remedy)
    {
        if (!Has(key))
        {
            _known.Add(key);
            Error(key, "is missing", remedy);
            return "";
        }
        return TakeText(key) ?? "";
    }

    public MapReader? TakeMap(string key, string example) =>
        Take(key) is { } node ? Open(node, KeyPath(key), _findings, example) : null;

    /// <summary>Each item with its path; empty when absent.</summary>
    public IReadOnlyList<(YamlNode Node, string Path)> TakeList(string key, string example)
    {
        switch (Take(key))
        {
            case null:
                return [];
            case YamlList list:
                return [.. list.Items.Select((item, i) => (item, $"{KeyPath(key)}[{i}]"))];
            case var other:
                Error(key, $"is {other.Kind}, not a list", $"write it as {example}");
                return [];
        }
    }

    public IReadOnlyList<string> TakeTexts(string key, string example)
    {
        var texts = new List<string>();
        foreach (var (node, path) in TakeList(key, example))
        {
            if (node is YamlText { IsEmpty: false } text)
            {
                texts.Add(text.Value);
            }
            else
            {
                _findings.Error(node.Line, path, $"is {node.Kind}, not text", $"write the list as {example}");
            }
        }
        return texts;
    }

    public T TakeWord<T>(string key, T fallback, params ReadOnlySpan<(string Word, T Value)> words)
    {
        if (TakeText(key) is not { } text)
        {
            return fallback;
        }
        var allowed = new List<string>();
        foreach (var (word, value) in words)
        {
            if (text == word)
            {
                return value;
            }
            allowed.Add(word);
        }
        Error(key, $"'{text}' is not allowed", $"write {string.Join(" or ", allowed)}");
        return fallback;
    }

    public int TakeWhole(string key, int fallback, int min, int max)
    {
        if (TakeText(key) is not { } text)
        {
            return fallback;
        }
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }
        Error(key, $"'{text}' is not allowed", $"write a whole number from {min} to {max}");
        return fallback;
    }

    public decimal TakeNumber(string key, decimal fallback, decimal min, decimal max)
    {
        if (TakeText(key) is not { } text)
        {
            return fallback;
        }
        if (decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }
        Error(key, $"'{text}' is not allowed", string.Create(CultureInfo.InvariantCulture, $"write a number from {min} to {max}"));
        return fallback;
    }

    public TimeSpan? TakeDuration(string key, TimeSpan min, TimeSpan max)
    {
        if (TakeText(key) is not { } text)
        {
            return null;
        }
        if (!Quantities.TryParseDuration(text, out var duration))
        {
            Error(key, $"'{text}' is not a duration", "write a number and a unit, such as 250ms, 60s, 15m or 1h30m");
            return null;
        }
        if (duration < min || duration > max)
        {
            Error(key, $"{text} is out of bounds", $"choose from {Quantities.Format(min)} to {Quantities.Format(max)}");
            return null;
        }
        return duration;
    }

    public long? TakeMemory(string key, long min, long max)
    {
        if (TakeText(key) is not { } text)
        {
            return null;
        }
        if (!Quantities.TryParseMemory(text, out var bytes))
        {
            Error(key, $"'{text}' is not an amount of memory", "write a number and a binary unit, such as 20GiB or 512MiB");
            return null;
        }
        if (bytes < min || bytes > max)
        {
            Error(key, $"{text} is out of bounds", $"choose from {Quantities.FormatMemory(min)} to {Quantities.FormatMemory(max)}");
            return null;
        }
        return bytes;
    }

    /// <summary>A key that stands here but has no meaning beside the others.</summary>
    public void Refuse(string key, string problem)
    {
        _known.Add(key);
        if (Has(key))
        {
            Error(key, problem, "remove it");
        }
    }

    public void Error(string key, string problem, string remedy) => _findings.Error(LineOf(key), KeyPath(key), problem, remedy);

    public void Warn(string key, string problem, string remedy) => _findings.Warn(LineOf(key), KeyPath(key), problem, remedy);

    /// <summary>Reports every key that nobody asked for.</summary>
    public void Close()
    {
        foreach (var (key, _) in _map.Entries)
        {
            if (_known.Contains(key.Value, StringComparer.Ordinal))
            {
                continue;
            }
            var meant = Suggestion.For(key.Value, _known);
            var remedy = meant is null ? $"the keys here are {string.Join(", ", _known.Distinct(StringComparer.Ordinal))}" : $"did you mean '{meant}'?";
            _findings.Error(key.Line, KeyPath(key.Value), "is not a key that exists", remedy);
        }
    }
}
