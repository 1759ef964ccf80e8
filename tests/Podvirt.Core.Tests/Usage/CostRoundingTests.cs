using System.Numerics;
using CsCheck;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class CostRoundingTests
{
    private const long Cent = 10_000_000_000;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData((Cent / 2) - 1, 0)]
    [InlineData(Cent / 2, 0)]
    [InlineData((Cent / 2) + 1, 1)]
    [InlineData(Cent, 1)]
    [InlineData(Cent + (Cent / 2) - 1, 1)]
    [InlineData(Cent + (Cent / 2), 2)]
    [InlineData((2 * Cent) + (Cent / 2), 2)]
    [InlineData((2 * Cent) + (Cent / 2) + 1, 3)]
    public void Middle_GoesToTheEvenCentAndACreditMirrorsIt(long pico, long cents)
    {
        Assert.Equal(cents, new Cost(pico).ToCents());
        Assert.Equal(-cents, new Cost(-pico).ToCents());
    }

    [Fact]
    public void AnyAmount_IsRoundedToTheNearest() =>
        Gen.Select(Gen.Long, Gen.Long[0, 1_000_000]).Sample((a, b) =>
        {
            var pico = (Int128)a * b;
            var distance = BigInteger.Abs((BigInteger)pico - ((BigInteger)new Cost(pico).ToCents() * Cent));
            Assert.True(distance * 2 <= Cent);
        }, iter: 20_000);

    [Fact]
    public void MoreThanALongOfCents_Fails() => Assert.Throws<OverflowException>(() => new Cost(Int128.MaxValue).ToCents());
}
