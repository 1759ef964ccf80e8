using System.Globalization;
using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary>
/// A strict subset of HCL2's syntax: blocks with labels, attributes, quoted strings and heredocs with interpolation,
/// numbers, booleans, lists, maps, names, indices, conditions, (in)equality, function calls, comments.
/// Left out: arithmetic, <c>for</c>, splats, template directives. What it does not know it refuses.
/// </summary>
internal sealed partial class HclParser
{
    private readonly string _text;
    private int _at;

    private HclParser(string text)
    {
        _text = text;
    }

    private HclPosition Here
    {
        get
        {
            var line = 1 + _text.AsSpan(0, Math.Min(_at, _text.Length)).Count('\n');
            return new HclPosition(line, _at - _text.LastIndexOf('\n', Math.Max(0, _at - 1), Math.Max(0, _at)));
        }
    }

    private char Next => _at < _text.Length ? _text[_at] : '\0';

    /// <exception cref="HclException">The text is not in the subset.</exception>
    public static HclBody Parse(string text)
    {
        var parser = new HclParser(text.Replace("\r\n", "\n", StringComparison.Ordinal));
        var body = parser.Body('\0');
        return body;
    }

    private HclBody Body(char end)
    {
        var attributes = new List<HclAttribute>();
        var blocks = new List<HclBlock>();
        while (true)
        {
            SkipSpace(lines: true);
            if (Next == end)
            {
                _at++;
                return new HclBody(attributes, blocks);
            }
            var at = Here;
            var name = Identifier();
            SkipSpace(lines: false);
            if (Next == '=' && !Ahead("=="))
            {
                _at++;
                if (attributes.Any(a => a.Name == name))
                {
                    throw new HclException(at, "Attribute redefined", $"The argument \"{name}\" was already set. Each argument may be set only once.");
                }
                attributes.Add(new HclAttribute(name, Expression(), at));
                EndOfLine(end);
            }
            else
            {
                blocks.Add(Block(name, at));
            }
        }
    }

    private HclBlock Block(string type, HclPosition at)
    {
        var labels = new List<string>();
        while (Next != '{')
        {
            labels.Add(Next == '"' ? Label() : Identifier());
            SkipSpace(lines: false);
        }
        _at++;
        return new HclBlock(type, labels, Body('}'), at);
    }

    private string Label() => Quoted().Evaluate(new HclScope(new Dictionary<string, JsonObject>()))!.GetValue<string>();

    private void EndOfLine(char end)
    {
        SkipSpace(lines: false);
        if (Next is not ('\n' or '\0') && Next != end)
        {
            throw new HclException(Here, "Missing newline after argument", "An argument definition must end with a newline.");
        }
    }

    private HclExpression Expression()
    {
        SkipSpace(lines: false);
        var at = Here;
        var left = Operand();
        SkipSpace(lines: false);
        if (Ahead("==") || Ahead("!="))
        {
            var equal = Next == '=';
            _at += 2;
            SkipSpace(lines: false);
            left = new HclComparison(at, equal, left, Operand());
            SkipSpace(lines: false);
        }
        if (Next != '?')
        {
            return left;
        }
        _at++;
        var yes = Expression();
        Expect(':');
        return new HclConditional(at, left, yes, Expression());
    }

    private HclExpression Operand()
    {
        var at = Here;
        switch (Next)
        {
            case '"':
                return Quoted();
            case '<' when Ahead("<<"):
                return Heredoc();
            case '[':
                _at++;
                return new HclList(at, Items(']', Expression));
            case '{':
                _at++;
                return new HclMap(at, Items('}', Entry));
            case '(':
                _at++;
                var inner = Expression();
                Expect(')');
                return inner;
            case '-' or (>= '0' and <= '9'):
                return Number();
        }
        var start = _at;
        var name = Identifier();
        switch (name)
        {
            case "true" or "false":
                return new HclLiteral(at, JsonValue.Create(name == "true"));
            case "null":
                return new HclLiteral(at, null);
        }
        if (Next != '(')
        {
            return new HclName(at, name, Steps(), _text[start.._at]);
        }
        _at++;
        return new HclCall(at, name, Items(')', Expression));
    }

    private List<HclExpression> Steps()
    {
        var steps = new List<HclExpression>();
        while (true)
        {
            var at = Here;
            if (Next == '.')
            {
                _at++;
                steps.Add(new HclLiteral(at, JsonValue.Create(char.IsAsciiDigit(Next) ? Digits() : Identifier())));
            }
            else if (Next == '[')
            {
                _at++;
                steps.Add(Expression());
                Expect(']');
            }
            else
            {
                return steps;
            }
        }
    }

    private string Digits()
    {
        var start = _at;
        while (char.IsAsciiDigit(Next))
        {
            _at++;
        }
        return _text[start.._at];
    }

    private (HclExpression Key, HclExpression Value) Entry()
    {
        var at = Here;
        var key = Next is '"' or '(' ? Operand() : new HclLiteral(at, JsonValue.Create(Identifier()));
        SkipSpace(lines: false);
        if (Next is not ('=' or ':'))
        {
            throw new HclException(Here, "Missing attribute value", "Expected an attribute value, introduced by an equals sign (\"=\").");
        }
        _at++;
        return (key, Expression());
    }

    private List<T> Items<T>(char end, Func<T> read)
    {
        var items = new List<T>();
        while (true)
        {
            SkipSpace(lines: true);
            if (Next == end)
            {
                _at++;
                return items;
            }
            items.Add(read());
            SkipSpace(lines: end == ']' || end == ')');
            if (Next == ',')
            {
                _at++;
            }
            else if (Next != end && (end != '}' || Next != '\n'))
            {
                throw new HclException(Here, "Missing item separator", "Expected a comma to mark the beginning of the next item.");
            }
        }
    }

    private HclLiteral Number()
    {
        var at = Here;
        var start = _at;
        _at++;
        while (char.IsAsciiLetterOrDigit(Next) || Next == '.')
        {
            _at++;
        }
        return decimal.TryParse(_text[start.._at], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? new HclLiteral(at, HclNumber.Node(number))
            : throw new HclException(at, "Invalid number literal", $"Failed to recognize the value of \"{_text[start.._at]}\".");
    }

    private string Identifier()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Next) || Next is '_' or '-')
        {
            _at++;
        }
        return _at > start && !char.IsAsciiDigit(_text[start]) && _text[start] != '-'
            ? _text[start.._at]
            : throw new HclException(Here, "Invalid expression", "Expected a name, a value, or the end of the block.");
    }

    private bool Ahead(string text) => string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;

    private void Expect(char wanted)
    {
        SkipSpace(lines: true);
        if (Next != wanted)
        {
            throw new HclException(Here, "Invalid expression", $"Expected \"{wanted}\".");
        }
        _at++;
    }

    private void SkipSpace(bool lines)
    {
        while (_at < _text.Length)
        {
            if (Next is ' ' or '\t' || (lines && Next == '\n'))
            {
                _at++;
            }
            else if (Next == '#' || Ahead("//"))
            {
                var end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end;
            }
            else if (Ahead("/*"))
            {
                var end = _text.IndexOf("*/", _at, StringComparison.Ordinal);
                _at = end < 0 ? throw new HclException(Here, "Unterminated comment", "There is no closing */.") : end + 2;
            }
            else
            {
                return;
            }
        }
    }
}
