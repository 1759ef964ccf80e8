using System.Runtime.InteropServices;

namespace Podvirt.Core.Thinking;

/// <summary>What of the text before a place matters to a tag there.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct ThinkLine
{
    private char _last;
    private char _fence;
    private char _mark;
    private int _marks;
    private int _indent;
    private bool _isInside;
    private bool _oddTicks;

    /// <summary>Within a fenced block, or behind an odd number of backticks on the line.</summary>
    public readonly bool IsInCode => _fence != '\0' || _oddTicks;

    /// <summary>Right behind a backtick that opens inline code.</summary>
    public readonly bool OpensCode => _last == '`' && _oddTicks;

    /// <summary>A tag here is spoken of, not meant.</summary>
    public readonly bool SpeaksOf => (_last is ' ' or '\t' && _isInside) || _last is '"' or '\'' or '(' or '[' or '{' or '“' or '‘' or '«' or '`';

    public void Add(char c)
    {
        _last = c;
        if (c is '\n' or '\r')
        {
            (_mark, _marks, _indent, _isInside, _oddTicks) = ('\0', 0, 0, false, false);
            return;
        }
        if (!_isInside)
        {
            LookForFence(c);
        }
        if (c == '`')
        {
            _oddTicks = !_oddTicks;
        }
    }

    // Up to three spaces, then three backticks or tildes; the same character closes.
    private void LookForFence(char c)
    {
        if (c == ' ' && _marks == 0)
        {
            _indent++;
            _isInside = _indent > 3;
        }
        else if (c is '`' or '~' && (_marks == 0 || c == _mark))
        {
            _mark = c;
            if (++_marks == 3)
            {
                _isInside = true;
                _fence = _fence == '\0' ? c : _fence == c ? '\0' : _fence;
            }
        }
        else
        {
            _isInside = true;
        }
    }
}
