using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class TokenCountsTests
{
    [Fact]
    public void Sum_AddsEachCount() =>
        Assert.Equal(new TokenCounts(11, 22, 33, 44), new TokenCounts(1, 2, 3, 4) + new TokenCounts(10, 20, 30, 40));

    [Fact]
    public void SumTooLargeToCount_Throws()
    {
        var one = new TokenCounts(1, 1, 1, 1);
        Assert.Throws<OverflowException>(() => new TokenCounts(long.MaxValue, 0, 0, 0) + one);
        Assert.Throws<OverflowException>(() => new TokenCounts(0, long.MaxValue, 0, 0) + one);
        Assert.Throws<OverflowException>(() => new TokenCounts(0, 0, long.MaxValue, 0) + one);
        Assert.Throws<OverflowException>(() => new TokenCounts(0, 0, 0, long.MaxValue) + one);
    }
}
