using System.Text;
using Podvirt.Messaging;

namespace Podvirt.Chats.StateStore;

/// <summary>Brings a state up to what its answer's record says, reading only what it has not got.</summary>
internal sealed class AnswerCopy(IStateStore store, AnswerState state)
{
    private readonly Place _text = new();
    private readonly Place _thinking = new();
    private int _edition;

    /// <summary>True: nothing more comes.</summary>
    public async Task<bool> TakeAsync(StateChange change, CancellationToken cancellationToken)
    {
        if (change.IsCaughtUp)
        {
            return false;
        }
        if (change.Entry is not { } entry)
        {
            // Deleted. What there was of it is all that its readers get.
            state.Publish(isOver: true);
            return true;
        }
        var answer = entry.Read<SharedAnswer>();
        if (answer.Edition != _edition)
        {
            (_edition, _text.Parts, _text.Chars, _thinking.Parts, _thinking.Chars) = (answer.Edition, 0, 0, 0, 0);
            state.Restart();
        }
        if (!await TakeAsync(answer, answer.Thinking, _thinking, LongText.ThinkingMark, text => state.Thinking(text), cancellationToken)
            || !await TakeAsync(answer, answer.Text, _text, LongText.AnswerMark, text => state.Answer(text), cancellationToken))
        {
            // It was rewritten since: a newer record is on its way.
            return false;
        }
        state.Set(answer.Facts);
        state.Publish(answer.IsOver);
        return answer.IsOver;
    }

    // False: a part is not there any more.
    private async Task<bool> TakeAsync(
        SharedAnswer answer, LongText text, Place place, char mark, Action<string> add, CancellationToken cancellationToken)
    {
        while (place.Parts < text.Parts)
        {
            if (await store.GetAsync(LongText.KeyOf(answer.Identity.Id, answer.Edition, mark, place.Parts), cancellationToken) is not { } part)
            {
                return false;
            }
            // It begins with what stood in the record while it grew.
            add(Encoding.UTF8.GetString(part.Value.Span)[place.Chars..]);
            (place.Parts, place.Chars) = (place.Parts + 1, 0);
        }
        if (text.Tail.Length > place.Chars)
        {
            add(text.Tail[place.Chars..]);
            place.Chars = text.Tail.Length;
        }
        return true;
    }

    private sealed class Place
    {
        /// <summary>Full parts that were read.</summary>
        public int Parts { get; set; }

        /// <summary>Characters that were read of what follows them.</summary>
        public int Chars { get; set; }
    }
}
