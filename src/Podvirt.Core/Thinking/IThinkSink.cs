namespace Podvirt.Core.Thinking;

/// <summary>Takes what a <see cref="ThinkSplitter"/> has told apart, in order. The spans are the caller's again afterwards.</summary>
public interface IThinkSink
{
    void Answer(ReadOnlySpan<char> text);

    void Thinking(ReadOnlySpan<char> text);

    /// <summary>All that was given as the answer so far was thinking, and follows what was given as thinking.</summary>
    void AnswerWasThinking();
}
