using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary>Quoted strings and heredocs.</summary>
internal sealed partial class HclParser
{
    private HclTemplate Quoted()
    {
        var at = Here;
        _at++;
        var parts = new List<HclExpression>();
        var text = new StringBuilder();
        while (Next != '"')
        {
            if (Next is '\n' or '\0')
            {
                throw new HclException(at, "Invalid multi-line string", "Quoted strings may not be split over multiple lines.");
            }
            if (Next == '\\')
            {
                text.Append(Escape());
            }
            else
            {
                CharacterOrInterpolation(parts, text);
            }
        }
        _at++;
        return Template(at, parts, text);
    }

    private HclTemplate Heredoc()
    {
        var at = Here;
        _at += 2;
        var indented = Next == '-';
        if (indented)
        {
            _at++;
        }
        var marker = Identifier();
        if (Next != '\n')
        {
            throw new HclException(at, "Invalid heredoc", "A newline must follow the marker.");
        }
        _at++;
        var lines = new List<string>();
        while (true)
        {
            var end = _text.IndexOf('\n', _at);
            var line = end < 0 ? _text[_at..] : _text[_at..end];
            if (line.Trim() == marker)
            {
                // The newline after the marker stays, as the end of the argument.
                _at += line.Length;
                break;
            }
            if (end < 0)
            {
                throw new HclException(at, "Unterminated template string", $"No \"{marker}\" ends the heredoc.");
            }
            lines.Add(line);
            _at = end + 1;
        }
        var indent = indented ? lines.Where(static l => l.Trim().Length > 0).Select(static l => l.Length - l.TrimStart().Length).DefaultIfEmpty(0).Min() : 0;
        var body = string.Concat(lines.Select(l => l[Math.Min(indent, l.Length)..] + "\n"));
        var inner = new HclParser(body);
        var parts = new List<HclExpression>();
        var text = new StringBuilder();
        while (inner._at < body.Length)
        {
            inner.CharacterOrInterpolation(parts, text);
        }
        return Template(at, parts, text);
    }

    private static HclTemplate Template(HclPosition at, List<HclExpression> parts, StringBuilder text)
    {
        if (text.Length > 0 || parts.Count == 0)
        {
            parts.Add(new HclLiteral(at, JsonValue.Create(text.ToString())));
        }
        return new HclTemplate(at, parts);
    }

    private void CharacterOrInterpolation(List<HclExpression> parts, StringBuilder text)
    {
        if (Ahead("$${") || Ahead("%%{"))
        {
            text.Append(_text.AsSpan(_at + 1, 2));
            _at += 3;
        }
        else if (Ahead("%{"))
        {
            throw new HclException(Here, "Invalid template directive", "Template directives are not in the subset that is read here.");
        }
        else if (Ahead("${"))
        {
            if (text.Length > 0)
            {
                parts.Add(new HclLiteral(Here, JsonValue.Create(text.ToString())));
                text.Clear();
            }
            _at += 2;
            parts.Add(Expression());
            Expect('}');
        }
        else
        {
            text.Append(Next);
            _at++;
        }
    }

    private string Escape()
    {
        var at = Here;
        _at += 2;
        switch (_at <= _text.Length ? _text[_at - 1] : '\0')
        {
            case 'n':
                return "\n";
            case 'r':
                return "\r";
            case 't':
                return "\t";
            case '"':
                return "\"";
            case '\\':
                return "\\";
            case 'u' when _at + 4 <= _text.Length && ushort.TryParse(_text.AsSpan(_at, 4), System.Globalization.NumberStyles.HexNumber, null, out var code):
                _at += 4;
                return ((char)code).ToString();
            default:
                throw new HclException(at, "Invalid escape sequence", "The symbol after \"\\\" is not a known escape sequence selector.");
        }
    }
}
