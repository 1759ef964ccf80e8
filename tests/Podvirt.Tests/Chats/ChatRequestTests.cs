using System.Text;
using Podvirt.Chats;

namespace Podvirt.Tests.Chats;

public sealed class ChatRequestTests
{
    [Fact]
    public void Branch_IsToldWithoutThinkingAndUnansweredQuestions()
    {
        IReadOnlyList<Message> branch = [Question("q1"), Answer("a1"), Question("q2"), Answer(""), Question("q3"), Answer("a3"), Question("q4")];
        Assert.Equal(
            ["user q1", "assistant a1", "user q3", "assistant a3", "user q4"],
            ChatRequest.TurnsOf(branch).Select(t => $"{t.Role} {t.Content}"));
    }

    [Fact]
    public void UnsetSettings_AreLeftToTheEngineAndAZeroIsAZero()
    {
        var body = Body(ChatSettings.Default);
        Assert.DoesNotContain("temperature", body, StringComparison.Ordinal);
        Assert.DoesNotContain("max_tokens", body, StringComparison.Ordinal);
        Assert.DoesNotContain("stop", body, StringComparison.Ordinal);
        Assert.DoesNotContain("system", body, StringComparison.Ordinal);
        Assert.Contains("\"temperature\":0,", Body(new ChatSettings("", 0, 5, [])), StringComparison.Ordinal);
        Assert.Contains("Grüße <b>", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("  Describe\n a  harbour town ", "Describe a harbour town")]
    [InlineData("", "")]
    public void Title_IsTheQuestionOnOneLine(string question, string title) => Assert.Equal(title, ChatChecks.TitleOf(question));

    [Fact]
    public void LongTitle_EndsWithAWordOrAWholeCharacter()
    {
        Assert.Equal(string.Concat(Enumerable.Repeat("word ", 16)).TrimEnd() + "…", ChatChecks.TitleOf(string.Concat(Enumerable.Repeat("word ", 40))));
        Assert.Equal(new string('x', 79) + "…", ChatChecks.TitleOf(new string('x', 79) + string.Concat(Enumerable.Repeat("🚀", 30))));
    }

    private static string Body(ChatSettings settings) =>
        Encoding.UTF8.GetString(ChatRequest.Body("m", [new ChatTurn(Message.User, "Grüße <b>")], settings).Span);

    private static Message Question(string text) => new(text, null, Message.User, text, DateTimeOffset.UnixEpoch, null);

    private static Message Answer(string text) => new(
        text, null, Message.Assistant, "", DateTimeOffset.UnixEpoch,
        new StoredAnswer(new AnswerIdentity(text, "v", "p", "m", "c"), new AnswerFacts { StartedAt = DateTimeOffset.UnixEpoch }, text, "thoughts"));
}
