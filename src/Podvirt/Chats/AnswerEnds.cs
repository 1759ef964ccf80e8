namespace Podvirt.Chats;

/// <summary>How an answer ended, from what is known of it.</summary>
internal static class AnswerEnds
{
    public const string ServerDiedCode = "server_died";
    public const string ShuttingDownCode = "shutting_down";
    public const string StreamEndedCode = "stream_ended";
    public const string TooLongCode = "answer_too_long";
    public const string InternalCode = "internal_error";

    public static AnswerError StreamEnded { get; } = new("The stream ended before the answer was complete.", StreamEndedCode);

    public static AnswerError TooLong { get; } = new($"The answer was cut: {ChatBounds.AnswerChars} characters are as long as one may be.", TooLongCode);

    public static AnswerError Internal { get; } = new("The server failed; its log says why.", InternalCode);

    /// <param name="isWhole">The stream came to its end mark.</param>
    /// <param name="isStopped">The visitor asked for the end.</param>
    /// <param name="hasOutput">Some of it came.</param>
    public static AnswerStatus StatusOf(bool isWhole, bool isStopped, bool hasOutput, AnswerError? error) => (isWhole, isStopped, hasOutput) switch
    {
        (true, _, _) => AnswerStatus.Complete,
        (_, true, _) => AnswerStatus.Stopped,
        (_, _, true) => AnswerStatus.Interrupted,
        // Nothing is wrong with the model, and another try will do.
        _ => error?.Code == ShuttingDownCode ? AnswerStatus.Interrupted : AnswerStatus.Failed,
    };

    /// <summary>One that ran when its server was killed: what had been saved of it is what there is.</summary>
    public static AnswerFacts ServerDied(AnswerFacts facts, DateTimeOffset framesUntil) => facts with
    {
        Status = AnswerStatus.Interrupted,
        Error = new AnswerError("The server ended while it was answering.", ServerDiedCode),
        Wait = null,
        FramesUntil = framesUntil,
    };
}
