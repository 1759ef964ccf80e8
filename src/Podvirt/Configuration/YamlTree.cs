using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Podvirt.Configuration;

/// <summary>A node of the file, with its line. Built from the parser's events, because a ready-made document model stops at
/// the first duplicate key, and all errors are to be told at once.</summary>
internal abstract class YamlNode(int line)
{
    public int Line { get; } = line;

    /// <summary>What a person would call it.</summary>
    public abstract string Kind { get; }
}

internal sealed class YamlText(int line, string value, bool plain) : YamlNode(line)
{
    public string Value { get; } = value;

    /// <summary>Nothing was written, or the word null.</summary>
    public bool IsEmpty { get; } = plain && value is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsEmpty ? "nothing" : $"'{Value}'";
}

internal sealed class YamlList(int line) : YamlNode(line)
{
    public List<YamlNode> Items { get; } = [];

    public override string Kind => "a list";
}

internal sealed class YamlMap(int line) : YamlNode(line)
{
    public List<(YamlText Key, YamlNode Value)> Entries { get; } = [];

    public override string Kind => "a mapping";
}

/// <summary>Text → tree. Syntax errors become findings.</summary>
internal sealed class YamlTree
{
    /// <summary>Deeper than any key of the schema; stops a hostile file before the stack does.</summary>
    private const int DepthMax = 32;

    private readonly Parser _parser;
    private readonly ConfigFindings _findings;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);

    private YamlTree(Parser parser, ConfigFindings findings)
    {
        _parser = parser;
        _findings = findings;
    }

    /// <summary>The one document of the file; null after a finding, or when the file is empty.</summary>
    public static YamlNode? Read(string text, ConfigFindings findings)
    {
        using var reader = new StringReader(text);
        var tree = new YamlTree(new Parser(reader), findings);
        try
        {
            return tree.ReadDocument();
        }
        catch (YamlException error)
        {
            // What is left open is noticed past the end: the last line is where to look.
            var line = Math.Min((int)error.Start.Line, text.AsSpan().TrimEnd().Count('\n') + 1);
            findings.Error(line, "", "is not YAML: " + error.Message.TrimEnd('.'), "check indentation, quotes and colons near this line");
            return null;
        }
    }

    private YamlNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return null;
        }
        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            _findings.Error((int)second.Start.Line, "", "a second document begins", "keep everything in one document");
        }
        return root;
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > DepthMax)
        {
            throw new YamlException(_parser.Current!.Start, _parser.Current.End, "nested too deeply");
        }
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return Anchor(scalar, new YamlText(Line(scalar), scalar.Value, scalar.Style is ScalarStyle.Plain));
        }
        if (_parser.TryConsume<SequenceStart>(out var sequence))
        {
            return ReadList(sequence, depth);
        }
        if (_parser.TryConsume<MappingStart>(out var mapping))
        {
            return ReadMap(mapping, depth);
        }
        var alias = _parser.Consume<AnchorAlias>();
        return _anchors.TryGetValue(alias.Value.Value, out var node)
            ? node
            : throw new YamlException(alias.Start, alias.End, $"the anchor '{alias.Value.Value}' is not defined before this line");
    }

    private YamlList ReadList(SequenceStart start, int depth)
    {
        var list = new YamlList(Line(start));
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            list.Items.Add(ReadNode(depth + 1));
        }
        return Anchor(start, list);
    }

    private YamlMap ReadMap(MappingStart start, int depth)
    {
        var map = new YamlMap(Line(start));
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is YamlText text)
            {
                map.Entries.Add((text, value));
            }
            else
            {
                _findings.Error(key.Line, "", $"{key.Kind} stands where a key belongs", "write a plain word before the colon");
            }
        }
        return Anchor(start, map);
    }

    private T Anchor<T>(NodeEvent source, T node)
        where T : YamlNode
    {
        if (!source.Anchor.IsEmpty)
        {
            _anchors[source.Anchor.Value] = node;
        }
        return node;
    }

    private static int Line(ParsingEvent source) => (int)source.Start.Line;
}
