using CsCheck;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Tests.Tokens;

public sealed class TokenizerTests
{
    [Theory]
    [InlineData("word", new[] { "word" })]
    [InlineData("scheduler", new[] { "schedu", "ler" })]
    [InlineData("Hello World", new[] { "Hello", " World" })]
    [InlineData("camelCase HTTP", new[] { "camel", "Case", " HTTP" })]
    [InlineData("a 1234.5", new[] { "a", " 123", "4", ".", "5" })]
    [InlineData("x\n\n    y", new[] { "x", "\n\n", "   ", " y" })]
    [InlineData("wörld 🚀", new[] { "w", "ö", "rld", " 🚀" })]
    [InlineData(" ", new[] { " " })]
    [InlineData("a <think>b</think>", new[] { "a", " ", "<think>", "b", "</think>" })]
    [InlineData("007 00 0", new[] { "007", " 00", " 0" })]
    public void Text_SplitsAsDocumented(string text, string[] tokens) =>
        Assert.Equal(tokens, Tokenizer.Encode(text).Select(Tokenizer.Decode));

    [Fact]
    public void AnyText_ComesBackUnchanged() =>
        Gen.OneOf(Gen.String, Gen.String[Gen.Char["aZ 9\n\t<think>/é€."]]).Sample(text =>
        {
            if (!text.Any(char.IsSurrogate))
            {
                Assert.Equal(text, string.Concat(Tokenizer.Encode(text).Select(Tokenizer.Decode)));
            }
        });

    [Fact]
    public void AnyText_CountsWhatItEncodes() =>
        Gen.String.Sample(text => Assert.Equal(Tokenizer.Encode(text).Count, Tokenizer.Count(text)));

    [Fact]
    public void LongestWords_HaveIdsThatFitInt32AndComeBack()
    {
        string[] words = ["zzzzzz", "ZZZZZZ", "Zzzzzz", " zzzzzz", " ZZZZZZ", " Zzzzzz", "a", "A", " a", " A"];
        foreach (var word in words)
        {
            var id = Assert.Single(Tokenizer.Encode(word));
            Assert.True(id > 0);
            Assert.Equal(word, Tokenizer.Decode(id));
        }

        Assert.Equal(words.Length, words.Select(word => Tokenizer.Encode(word)[0]).Distinct().Count());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(8)]
    [InlineData(int.MaxValue)]
    public void UnknownId_HasNoText(int id) => Assert.Null(Tokenizer.Decode(id));
}
