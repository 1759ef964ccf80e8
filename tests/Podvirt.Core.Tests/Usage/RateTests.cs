using System.Globalization;
using System.Numerics;
using CsCheck;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class RateTests
{
    private static readonly Gen<long> s_count = Gen.OneOf(Gen.Long[0, 1_000_000], Gen.Long[0, long.MaxValue]);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.000001", 1)]
    [InlineData("0.15", 150_000)]
    [InlineData("2.5", 2_500_000)]
    [InlineData("2.500000000", 2_500_000)]
    [InlineData("123456.654321", 123_456_654_321)]
    [InlineData("9223372036854.775807", long.MaxValue)]
    public void Price_OfAtMostSixDecimals_IsExact(string usd, long expected) => Assert.Equal(expected, Rate.ToPico(Decimal(usd)));

    [Theory]
    [InlineData("-0.000001")]
    [InlineData("-1")]
    [InlineData("0.0000001")]
    [InlineData("2.5000001")]
    [InlineData("0.0000000000000000000000000001")]
    [InlineData("7.9228162514264337593543950335")]
    public void Price_BelowZeroOrOfMoreDecimals_IsRefused(string usd) =>
        Assert.Throws<ArgumentOutOfRangeException>("usdPerMillion", () => Rate.ToPico(Decimal(usd)));

    [Theory]
    [InlineData("9223372036854.775808")]
    [InlineData("79228162514264337593543")]
    [InlineData("79228162514264337593543950335")]
    [InlineData("-79228162514264337593543950335")]
    public void Price_TooLargeToCount_IsRefused(string usd) =>
        Assert.Throws<ArgumentOutOfRangeException>("usdPerMillion", () => Rate.ToPico(Decimal(usd)));

    [Fact]
    public void Price_OfAnyPico_ComesBack() =>
        Gen.Long[0, long.MaxValue].Sample(pico => Rate.ToPico(pico / 1_000_000m) == pico, iter: 10_000);

    [Fact]
    public void Cost_CountsCachedTokensAtTheirOwnPrice()
    {
        var cost = NewRate(Rate.ToPico(2.5m), Rate.ToPico(0.25m), Rate.ToPico(10m)).CostOf(BilledAmounts.Of(new TokenCounts(1000, 600, 20, 7)));
        Assert.Equal((Int128)((400 * 2_500_000) + (600 * 250_000) + (20 * 10_000_000)), cost.Pico);
        Assert.Equal("0.001350000000", cost.ToString());
    }

    [Fact]
    public void Cost_IsExactForAllCountsAndPrices()
    {
        var tokens = Gen.Select(s_count, s_count, s_count).Select((a, b, c) => new TokenCounts(Math.Max(a, b), Math.Min(a, b), c, 0));
        Gen.Select(tokens, s_count, s_count, s_count).Sample((t, prompt, cached, completion) =>
        {
            var expected = (((BigInteger)t.Prompt - t.Cached) * prompt) + ((BigInteger)t.Cached * cached) + ((BigInteger)t.Completion * completion);
            Assert.Equal(expected, (BigInteger)NewRate(prompt, cached, completion).CostOf(BilledAmounts.Of(t)).Pico);
        }, iter: 20_000);
    }

    [Fact]
    public void Cost_OfASum_IsTheSumOfTheCosts()
    {
        var small = Gen.Long[0, 1_000_000_000];
        var tokens = Gen.Select(small, small, small).Select((a, b, c) => new TokenCounts(Math.Max(a, b), Math.Min(a, b), c, 0));
        Gen.Select(tokens, tokens, small, small, small).Sample((a, b, prompt, cached, completion) =>
        {
            var rate = NewRate(prompt, cached, completion);
            return rate.CostOf(BilledAmounts.Of(a)) + rate.CostOf(BilledAmounts.Of(b)) == rate.CostOf(BilledAmounts.Of(a + b));
        }, iter: 10_000);
    }

    [Fact]
    public void NoPrice_IsFree() => Assert.Equal(Cost.Zero, NewRate(0, 0, 0).CostOf(BilledAmounts.Of(new TokenCounts(long.MaxValue, 5, 5, 5))));

    private static Rate NewRate(long prompt, long cached, long completion) => new("m", 1, DateTimeOffset.UnixEpoch, prompt, cached, completion);

    private static decimal Decimal(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
