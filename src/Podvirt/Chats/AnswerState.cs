using System.Text;
using Podvirt.Core.Thinking;

namespace Podvirt.Chats;

/// <summary>Where a reader of an answer's text stands.</summary>
/// <param name="Edition">Grows when text that was there turned out to be thinking: whoever read it begins again.</param>
internal readonly record struct AnswerPlace(int Edition, int Text, int Thinking);

/// <param name="Version">Differs from that of any other moment.</param>
/// <param name="IsRewritten">Text and thinking are all there is.</param>
/// <param name="IsOver">Nothing changes any more.</param>
internal sealed record AnswerNews(long Version, string Text, string Thinking, bool IsRewritten, AnswerFacts Facts, AnswerPlace Place, bool IsOver);

/// <summary>
/// A running answer as all see it. The job alone writes, or what follows a job of another gateway. Readers take what is new to them from where they stand: nothing is
/// queued for any of them.
/// </summary>
internal sealed class AnswerState(AnswerIdentity identity, AnswerFacts facts) : IThinkSink
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _thinking = new();
    private readonly Lock _gate = new();
    private AnswerFacts _facts = facts;
    private TaskCompletionSource? _changed;
    private int _edition;
    private int _readers;
    private long _version;
    private bool _isOver;

    public AnswerIdentity Identity => identity;

    public AnswerFacts Facts
    {
        get
        {
            lock (_gate)
            {
                return _facts;
            }
        }
    }

    /// <summary>All of it so far.</summary>
    public AnswerPlace Extent
    {
        get
        {
            lock (_gate)
            {
                return new AnswerPlace(_edition, _text.Length, _thinking.Length);
            }
        }
    }

    public void Answer(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            _text.Append(text);
        }
    }

    public void Thinking(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            _thinking.Append(text);
        }
    }

    public void AnswerWasThinking()
    {
        lock (_gate)
        {
            if (_text.Length > 0)
            {
                _thinking.Append(_text);
                _text.Clear();
                _edition++;
            }
        }
    }

    /// <summary>Nothing of what was there stands: readers begin again.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _text.Clear();
            _thinking.Clear();
            _edition++;
        }
    }

    public void Set(AnswerFacts facts)
    {
        lock (_gate)
        {
            _facts = facts;
        }
    }

    /// <summary>Tells the readers of all that was changed since the last time.</summary>
    public void Publish(bool isOver = false)
    {
        TaskCompletionSource? changed;
        lock (_gate)
        {
            _version++;
            _isOver |= isOver;
            (changed, _changed) = (_changed, null);
        }
        changed?.SetResult();
    }

    /// <summary>Completes when there is something newer than that version.</summary>
    public Task Changed(long version)
    {
        lock (_gate)
        {
            return _version != version || _isOver
                ? Task.CompletedTask
                : (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>What is new behind a place; null: from the beginning.</summary>
    public AnswerNews Read(AnswerPlace? from)
    {
        lock (_gate)
        {
            var isRewritten = from is not { } place || place.Edition != _edition;
            var (_, text, thinking) = isRewritten ? default : from!.Value;
            var textEnd = EndOf(_text);
            var thinkingEnd = EndOf(_thinking);
            return new AnswerNews(
                _version, _text.ToString(text, textEnd - text), _thinking.ToString(thinking, thinkingEnd - thinking), isRewritten, _facts,
                new AnswerPlace(_edition, textEnd, thinkingEnd), _isOver);
        }
    }

    public StoredAnswer ToStored()
    {
        var news = Read(null);
        return new StoredAnswer(identity, news.Facts, news.Text, news.Thinking.Length > 0 ? news.Thinking : null);
    }

    /// <summary>False when as many read as may.</summary>
    public bool TryJoin()
    {
        lock (_gate)
        {
            if (_readers == ChatBounds.ReadersPerAnswer)
            {
                return false;
            }
            _readers++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _readers--;
        }
    }

    // Half a character waits for its other half.
    private int EndOf(StringBuilder text) => !_isOver && text.Length > 0 && char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
}
