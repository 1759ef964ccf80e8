namespace Podvirt.Chats;

/// <summary>How much of everything there may be.</summary>
internal static class ChatBounds
{
    /// <summary>As many as a sidebar can still be searched in.</summary>
    public const int ConversationsPerVisitor = 2_000;

    public const int MessagesPerConversation = 2_000;

    /// <summary>Bytes of a conversation's questions and answers: far beyond what a model can be told.</summary>
    public const long ConversationBytes = 32L << 20;

    /// <summary>Characters of one question or system prompt: some 100,000 tokens.</summary>
    public const int ContentChars = 400_000;

    /// <summary>Bytes of a call's body: one question, escaped.</summary>
    public const int BodyBytes = 1 << 20;

    /// <summary>Characters of one answer with its thinking: some million tokens. It is stopped there.</summary>
    public const int AnswerChars = 4_000_000;

    public const int AnswersPerVisitor = 8;

    /// <summary>Answers without a conversation that are kept for a visitor; the oldest give way.</summary>
    public const int LoneAnswersPerVisitor = 500;

    public const int ReadersPerAnswer = 16;

    public const int TitleChars = 200;

    public const int StopSequences = 4;

    public const int StopChars = 200;

    public const int RetentionDays = 3_650;

    /// <summary>Messages of a call without a conversation.</summary>
    public const int MessagesPerCall = 200;
}
