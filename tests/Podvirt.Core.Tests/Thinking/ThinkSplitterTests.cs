using System.Text;
using CsCheck;
using Podvirt.Core.Thinking;

namespace Podvirt.Core.Tests.Thinking;

public class ThinkSplitterTests
{
    private static readonly string[] s_pieces =
        ["<think>", "</think>", "<", "</", "<thin", "</thi", ">", "`", "```", "~~~", "\n", " ", "\"", "a", "word ", "a < b", "😀", "<b>"];

    private static readonly IGen<string>[] s_gens = [.. s_pieces.Select(p => Gen.Const(p))];

    public static TheoryData<string, string, string> Texts => new()
    {
        // thinking, then an answer
        { "<think>a < b\n</think>\n\nYes.", "a < b\n", "Yes." },
        { "\n <think>x</think>y", "x", "y" },
        { "<think>\n\n</think>\n\nHi", "\n\n", "Hi" },
        { "<think>a</think><think>b</think>c", "a\n\nb", "c" },
        { "<think></think><think>b</think>c", "b", "c" },
        { "<think>a</think>", "a", "" },

        // not closed
        { "<think>still at it </thin", "still at it </thin", "" },
        { "<think>", "", "" },

        // no tag
        { "if a < b then <b>", "", "if a < b then <b>" },
        { "<thin", "", "<thin" },
        { "<thinking>no</thinking>", "", "<thinking>no</thinking>" },
        { "<<think>", "", "<<think>" },
        { "", "", "" },
        { " \n ", "", "" },

        // nested
        { "<think>a<think>b</think>c</think>d", "a<think>b</think>c", "d" },
        { "<think>a <think>b</think> c </think> d", "a <think>b</think>c ", "d" },
        { "<think>a<think>b</think></think>c", "a<think>b</think>", "c" },
        { "<think><think>a<think>b</think>c</think>d</think>e", "<think>a<think>b</think>c</think>d", "e" },

        // spoken of while thinking
        { "<think>They ask of <think> here.</think>It begins.", "They ask of <think> here.", "It begins." },
        { "<think>Say `</think>` so.\n</think>Done", "Say `</think>` so.\n", "Done" },
        { "<think>it`s odd</think>Done", "it`s odd", "Done" },
        { "<think>`x`</think>Done", "`x`", "Done" },
        { "<think>They ask of <think>.</think>Write <think>x</think>.", "They ask of <think>.", "Write <think>x</think>." },

        // spoken of in the answer
        { "`<think>` is a tag", "", "`<think>` is a tag" },
        { "`</think>` closes it", "", "`</think>` closes it" },
        { "Use <think> and </think>.", "", "Use <think> and </think>." },
        { "Use <think>x</think>.", "", "Use <think>x</think>." },
        { "The tag </think> closes, \"</think>\" too.", "", "The tag </think> closes, \"</think>\" too." },
        { "<think>x</think>So </think> and\n</think>", "x", "So </think> and\n</think>" },
        { "See:\n```\n</think>\n```\nend", "", "See:\n```\n</think>\n```\nend" },
        { "See:\n~~~\n```\n</think>\n~~~\nend", "", "See:\n~~~\n```\n</think>\n~~~\nend" },

        // the opening tag was in the prompt
        { "Let me see.\n</think>\n\nDone.", "Let me see.\n", "Done." },
        { "Let me see.</think>Done.", "Let me see.", "Done." },
        { "</think>\n\nDone.", "", "Done." },
        { "So:\n```\nx\n```\n</think>Done.", "So:\n```\nx\n```\n", "Done." },
        { "a\n</think>b\n</think>c", "a\n", "b\n</think>c" },
        { "a\n</think><think>b</think>c", "a\n\n\nb", "c" },
        { "It says <think> first.\n</think>", "", "It says <think> first.\n</think>" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_IsToldApartAtEverySplit(string text, string thinking, string answer)
    {
        Assert.Equal((thinking, answer), Split([text]));
        Assert.Equal((thinking, answer), Split(text.Select(c => c.ToString())));
        for (var first = 0; first <= text.Length; first++)
        {
            for (var second = first; second <= text.Length; second++)
            {
                string[] pieces = [text[..first], text[first..second], text[second..]];
                Assert.True((thinking, answer) == Split(pieces), $"{string.Join('|', pieces)} gave {Split(pieces)}");
            }
        }
    }

    [Fact]
    public void RandomTextInRandomPieces_IsAsInOnePiece() =>
        Gen.Select(Gen.OneOf(s_gens).Array[0, 14], Gen.Int[0, 80].Array[0, 8]).Sample(
            (parts, places) =>
            {
                var text = string.Concat(parts);
                var cuts = places.Where(p => p < text.Length).Order().Append(text.Length);
                var pieces = new List<string>();
                var from = 0;
                foreach (var cut in cuts)
                {
                    pieces.Add(text[from..cut]);
                    from = cut;
                }
                return Split(pieces) == Split([text]);
            },
            iter: 50_000);

    [Fact]
    public void RandomText_IsLostNowhere() =>
        Gen.OneOf(s_gens).Array[0, 14].Sample(
            parts =>
            {
                // Only tags that parted something, and blanks around the answer, are gone.
                var text = string.Concat(parts);
                var (thinking, answer) = Split([text]);
                return Bare(thinking + answer) == Bare(text);
            },
            iter: 50_000);

    [Theory]
    [InlineData("a <")]
    [InlineData("a < b")]
    [InlineData("<b>")]
    [InlineData("x`<")]
    [InlineData("<think>a</think>b</think")]
    public void TextThatCannotBeATag_PassesAtOnce(string text)
    {
        var parts = new Parts();
        var splitter = default(ThinkSplitter);
        splitter.Push(text, parts);
        Assert.Equal(text.Replace("<think>a</think>", "", StringComparison.Ordinal), parts.Answered);
    }

    [Fact]
    public void TextThatMayBeATag_IsHeldBackNoLongerThanTheTag() =>
        Gen.OneOf(s_gens).Array[0, 14].Sample(
            pieces =>
            {
                var parts = new Parts();
                var splitter = default(ThinkSplitter);
                var pushed = "";
                foreach (var c in string.Concat(pieces))
                {
                    pushed += c;
                    splitter.Push([c], parts);
                    var held = Bare(pushed).Length - Bare(parts.Thought + parts.Answered).Length;
                    Assert.InRange(held, 0, ThinkSplitter.HeldMax);
                }
            },
            iter: 10_000);

    [Fact]
    public void ThinkingOfItsOwnField_LeavesTagsInTheAnswer()
    {
        var parts = new Parts();
        var splitter = default(ThinkSplitter);
        splitter.PushThinking("step ", parts);
        splitter.PushThinking("one", parts);
        splitter.Push("answer\n</think>", parts);
        splitter.End(parts);
        Assert.Equal(("step one", "answer\n</think>"), (parts.Thought, parts.Answered));
    }

    [Fact]
    public void Pieces_CostNoAllocation()
    {
        var sink = new Counter();
        var bytes = Allocations.Of(() =>
        {
            var splitter = default(ThinkSplitter);
            splitter.Push("<thi", sink);
            splitter.Push("nk>so <th", sink);
            splitter.Push("ink> it is</think>\nYes `<think>`, a < b", sink);
            splitter.End(sink);
        });
        Assert.Equal(0, bytes);
    }

    private static string Bare(string text) => text
        .Replace("<think>", "", StringComparison.Ordinal).Replace("</think>", "", StringComparison.Ordinal)
        .Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    private static (string Thinking, string Answer) Split(IEnumerable<string> pieces)
    {
        var parts = new Parts();
        var splitter = default(ThinkSplitter);
        foreach (var piece in pieces)
        {
            splitter.Push(piece, parts);
        }
        splitter.End(parts);
        return (parts.Thought, parts.Answered);
    }

    private sealed class Parts : IThinkSink
    {
        private readonly StringBuilder _answer = new();
        private readonly StringBuilder _thinking = new();

        public string Answered => _answer.ToString();

        public string Thought => _thinking.ToString();

        public void Answer(ReadOnlySpan<char> text) => _answer.Append(text);

        public void Thinking(ReadOnlySpan<char> text) => _thinking.Append(text);

        public void AnswerWasThinking()
        {
            _thinking.Append(_answer);
            _answer.Clear();
        }
    }

    private sealed class Counter : IThinkSink
    {
        public int Count { get; private set; }

        public void Answer(ReadOnlySpan<char> text) => Count += text.Length;

        public void Thinking(ReadOnlySpan<char> text) => Count += text.Length;

        public void AnswerWasThinking() => Count++;
    }
}
