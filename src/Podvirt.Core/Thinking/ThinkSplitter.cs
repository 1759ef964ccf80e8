using System.Runtime.InteropServices;

namespace Podvirt.Core.Thinking;

/// <summary>
/// Tells a model's thinking from its answer in one stream of text, however the text is cut into pieces: the result is that
/// of the whole text at once.
/// <list type="table">
/// <listheader><term>where, what</term><description>becomes</description></listheader>
/// <item><term>before the answer, blanks</term><description>nothing</description></item>
/// <item><term>before the answer, <c>&lt;think&gt;</c></term><description>thinking begins; a blank line parts it from earlier thinking</description></item>
/// <item><term>before the answer, anything else</term><description>the answer begins</description></item>
/// <item><term>thinking, <c>&lt;think&gt;</c></term><description>text of the thinking, and remembered: it may be a nested one, or only spoken of</description></item>
/// <item><term>thinking, <c>&lt;/think&gt;</c></term><description>thinking ends: the place is before the answer again</description></item>
/// <item><term>thinking, a tag right behind a backtick that opens code</term><description>text of the thinking</description></item>
/// <item><term>answer, <c>&lt;/think&gt;</c>, a nested opening still open</term><description>
/// the tag before was the nested one's, and the answer so far was thinking: before the answer again</description></item>
/// <item><term>answer, <c>&lt;/think&gt;</c>, no thinking yet</term><description>
/// the opening tag was in the prompt: the answer so far was thinking, and the place is before the answer again. Not where the tag follows a
/// blank, a quote or a bracket: there it is spoken of</description></item>
/// <item><term>answer, <c>&lt;think&gt;</c></term><description>text, and the next <c>&lt;/think&gt;</c> belongs to it</description></item>
/// <item><term>answer, any tag in inline code or a fenced block</term><description>text</description></item>
/// <item><term>the end, thinking not closed</term><description>it stays thinking</description></item>
/// </list>
/// Only what may still become one of these tags is held back: a beginning of it, so seven characters at most. Where no tag can
/// mean anything any more (the usual answer behind its thinking) nothing is looked at. Nothing is allocated.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct ThinkSplitter
{
    private const string Open = "<think>";
    private const string Close = "</think>";

    /// <summary>Characters that are held back at most.</summary>
    public const int HeldMax = 7;

    private Place _place;
    private ThinkLine _line;
    private bool _sawThinking;
    private bool _thinkingIsBlank;
    private bool _isClose;
    private bool _isHeld;
    private int _matched;
    private int _nested;
    private int _spokenOf;

    private enum Place
    {
        Before,
        Thinking,
        Answer,
    }

    /// <summary>In the thinking, so far as is known.</summary>
    public readonly bool IsThinking => _place == Place.Thinking;

    /// <summary>The next piece.</summary>
    public void Push<TSink>(ReadOnlySpan<char> piece, TSink sink)
        where TSink : IThinkSink
    {
        // From here to where the loop stands is text that has not been given yet.
        var start = 0;
        for (var at = 0; at < piece.Length; at++)
        {
            if (_matched > 0)
            {
                if (Extends(piece[at]))
                {
                    Extended(piece[at], at + 1, ref start, sink);
                    continue;
                }
                Release(sink);
            }
            if (piece[at] == '<')
            {
                if (_place == Place.Before)
                {
                    Text(piece[start..at], sink);
                    start = at;
                }
                if (!TagsMatter)
                {
                    break;
                }
                if (MayBeTag)
                {
                    Begin(piece, at, ref start, sink);
                    continue;
                }
            }
            _line.Add(piece[at]);
        }
        Text(piece[start..], sink);
    }

    /// <summary>Thinking that came apart from the text: an engine's own field.</summary>
    public void PushThinking<TSink>(ReadOnlySpan<char> piece, TSink sink)
        where TSink : IThinkSink
    {
        if (!piece.IsEmpty)
        {
            _sawThinking = true;
            _thinkingIsBlank = false;
            sink.Thinking(piece);
        }
    }

    /// <summary>The stream is over: what was held back is text after all.</summary>
    public void End<TSink>(TSink sink)
        where TSink : IThinkSink => Release(sink);

    private readonly string Tag => _isClose ? Close : Open;

    // Behind closed thinking an answer's tags are its own.
    private readonly bool TagsMatter => _place != Place.Answer || _nested > 0 || !_sawThinking;

    // In thinking only the sure sign of inline code counts: a stray backtick must not swallow the closing tag, and with it the answer.
    private readonly bool MayBeTag => _place switch
    {
        Place.Answer => !_line.IsInCode,
        Place.Thinking => !_line.OpensCode,
        _ => true,
    };

    private void Begin<TSink>(ReadOnlySpan<char> piece, int at, ref int start, TSink sink)
        where TSink : IThinkSink
    {
        (_matched, _isClose) = (1, false);

        // Whatever comes of it is text: it only counts.
        _isHeld = _place != Place.Answer || _nested > 0 || !_line.SpeaksOf;
        if (_isHeld)
        {
            Text(piece[start..at], sink);
            start = at + 1;
        }
        else
        {
            _line.Add('<');
        }
    }

    private bool Extends(char next)
    {
        if (_matched == 1)
        {
            _isClose = next == '/';
        }
        if (Tag[_matched] != next)
        {
            return false;
        }
        _matched++;
        return true;
    }

    private void Extended<TSink>(char c, int next, ref int start, TSink sink)
        where TSink : IThinkSink
    {
        if (_isHeld)
        {
            start = next;
        }
        else
        {
            _line.Add(c);
        }
        if (_matched < Tag.Length)
        {
            return;
        }
        _matched = 0;
        if (_isHeld)
        {
            Take(sink);
        }
        else
        {
            _spokenOf = _isClose ? Math.Max(0, _spokenOf - 1) : _spokenOf + 1;
        }
    }

    private void Release<TSink>(TSink sink)
        where TSink : IThinkSink
    {
        var matched = Tag.AsSpan(0, _matched);
        _matched = 0;
        if (_isHeld)
        {
            Spell(matched, sink);
        }
    }

    private void Spell<TSink>(ReadOnlySpan<char> text, TSink sink)
        where TSink : IThinkSink
    {
        foreach (var c in text)
        {
            _line.Add(c);
        }
        Text(text, sink);
    }

    private void Take<TSink>(TSink sink)
        where TSink : IThinkSink
    {
        switch (_place)
        {
            case Place.Before when !_isClose:
                BeginThinking(sink);
                break;
            case Place.Thinking when !_isClose:
                _nested++;
                Spell(Open, sink);
                break;
            case Place.Thinking:
                EndThinking();
                break;
            case Place.Before when _nested > 0:
            case Place.Answer when _isClose && _nested > 0 && _spokenOf == 0:
                // The tag that seemed to end the thinking was the nested one's.
                _nested--;
                sink.Thinking(Close);
                sink.AnswerWasThinking();
                EndThinking();
                break;
            case Place.Before when !_sawThinking:
                (_sawThinking, _thinkingIsBlank) = (true, true);
                EndThinking();
                break;
            case Place.Answer when !_isClose:
                _spokenOf++;
                Spell(Open, sink);
                break;
            case Place.Answer when _spokenOf > 0:
                _spokenOf--;
                Spell(Close, sink);
                break;
            case Place.Answer when !_sawThinking:
                sink.AnswerWasThinking();
                _sawThinking = true;
                EndThinking();
                break;
            default:
                Spell(Tag, sink);
                break;
        }
    }

    private void BeginThinking<TSink>(TSink sink)
        where TSink : IThinkSink
    {
        if (_sawThinking && !_thinkingIsBlank)
        {
            sink.Thinking("\n\n");
        }
        _sawThinking = true;
        _thinkingIsBlank = true;
        _place = Place.Thinking;
        _line = default;
    }

    private void EndThinking()
    {
        _place = Place.Before;
        _spokenOf = 0;
        _line = default;
    }

    private void Text<TSink>(ReadOnlySpan<char> text, TSink sink)
        where TSink : IThinkSink
    {
        if (_place == Place.Before)
        {
            text = text.TrimStart();
            if (!text.IsEmpty)
            {
                _place = Place.Answer;
            }
        }
        if (text.IsEmpty)
        {
            return;
        }
        if (_place == Place.Thinking)
        {
            _thinkingIsBlank &= text.IsWhiteSpace();
            sink.Thinking(text);
        }
        else
        {
            sink.Answer(text);
        }
    }
}
