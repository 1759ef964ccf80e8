using System.Globalization;
using System.Numerics;
using CsCheck;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class CostTests
{
    private static readonly Gen<Int128> s_pico = Gen.OneOf(
        Gen.Long[-2_000_000_000_000, 2_000_000_000_000].Select(v => (Int128)v),
        Gen.Select(Gen.ULong, Gen.ULong).Select((high, low) => (Int128)new UInt128(high, low)));

    [Theory]
    [InlineData(0, "0.000000000000")]
    [InlineData(1, "0.000000000001")]
    [InlineData(123_450_000, "0.000123450000")]
    [InlineData(999_999_999_999, "0.999999999999")]
    [InlineData(1_000_000_000_000, "1.000000000000")]
    [InlineData(12_000_000_000_034, "12.000000000034")]
    [InlineData(-1, "-0.000000000001")]
    [InlineData(-1_500_000_000_000, "-1.500000000000")]
    public void Text_AlwaysHasTwelveDecimals(long pico, string expected) => Assert.Equal(expected, new Cost(pico).ToString());

    [Fact]
    public void Text_OfTheExtremes_IsExact()
    {
        Assert.Equal("170141183460469231731687303.715884105727", new Cost(Int128.MaxValue).ToString());
        Assert.Equal("-170141183460469231731687303.715884105728", new Cost(Int128.MinValue).ToString());
    }

    [Fact]
    public void Text_OfAnyAmount_ReadsBackExactly() => s_pico.Sample(pico =>
    {
        var text = new Cost(pico).ToString();
        Assert.Matches(@"^-?\d+\.\d{12}$", text);
        Assert.Equal(pico, (Int128)BigInteger.Parse(text.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
    }, iter: 10_000);

    [Fact]
    public void Sum_IsExact() => Gen.Select(s_pico, s_pico).Sample((a, b) =>
    {
        var expected = (BigInteger)a + b;
        if (expected < Int128.MinValue || expected > Int128.MaxValue)
        {
            Assert.Throws<OverflowException>(() => new Cost(a) + new Cost(b));
            return;
        }
        Assert.Equal(expected, (BigInteger)(new Cost(a) + new Cost(b)).Pico);
    }, iter: 10_000);
}
