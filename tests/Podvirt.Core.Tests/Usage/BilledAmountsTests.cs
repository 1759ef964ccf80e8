using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class BilledAmountsTests
{
    private static readonly Rate s_rate = new("m", 1, DateTimeOffset.UnixEpoch, 1_000, 100, 10_000, EmbeddingPico: 30, VideoPico: 7);

    [Theory]
    [InlineData("embeddings")]
    [InlineData("rerank")]
    [InlineData("score")]
    public void EmbeddedTokens_AreOfTheirOwnKind(string surface)
    {
        Assert.True(BilledAmounts.IsEmbedding(surface));
        Assert.Contains($"'{surface}'", BilledAmounts.EmbeddingSurfaces.Split(", "));
        var amounts = BilledAmounts.Of(Record(surface, new TokenCounts(50, 8, 0, 0)));

        Assert.Equal(new BilledAmounts(0, 0, 0, 50, 0), amounts);
        Assert.Equal((Int128)1_500, s_rate.CostOf(amounts).Pico);
    }

    [Fact]
    public void GeneratedText_CountsEveryTokenOnce()
    {
        var amounts = BilledAmounts.Of(Record("chat.completions", new TokenCounts(50, 8, 20, 5)));

        Assert.Equal(new BilledAmounts(42, 8, 20, 0, 0), amounts);
        Assert.Equal((Int128)((42 * 1_000) + (8 * 100) + (20 * 10_000)), s_rate.CostOf(amounts).Pico);
    }

    [Fact]
    public void ASecondOfVideo_CostsAMillionMicroseconds()
    {
        var record = Record("videos", default) with { VideoUs = 2_500_000 };

        // 0.1 USD a second.
        Assert.Equal("0.250000000000", (s_rate with { VideoPico = Rate.ToPico(0.1m) }).CostOf(record).ToString());
    }

    private static UsageRecord Record(string surface, TokenCounts tokens) => new()
    {
        Id = Guid.Empty,
        Project = "p",
        Key = "k",
        Model = "m",
        Revision = 1,
        Surface = surface,
        Outcome = UsageOutcome.Completed,
        Status = 200,
        StartedAt = DateTimeOffset.UnixEpoch,
        DurationUs = 1,
        Tokens = tokens,
    };
}
