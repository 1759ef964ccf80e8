using Podvirt.Simulator.Engine;

namespace Podvirt.Simulator.Tests.Engine;

public sealed class PrefixCacheTests
{
    [Theory]
    [InlineData(15, 0)]
    [InlineData(16, 0)]
    [InlineData(17, 16)]
    [InlineData(32, 16)]
    [InlineData(40, 32)]
    public void RepeatedPrompt_MatchesWholeBlocksAndNeverAll(int tokens, int expected)
    {
        var cache = new PrefixCache();
        var prompt = Enumerable.Range(0, tokens).ToArray();
        cache.Add(prompt);
        Assert.Equal(expected, cache.Match(prompt));
    }

    [Fact]
    public void ChangeInAnEarlyBlock_UnmatchesTheLaterOnes()
    {
        var cache = new PrefixCache();
        var prompt = Enumerable.Range(0, 64).ToArray();
        cache.Add(prompt);
        prompt[20] = -1;
        Assert.Equal(16, cache.Match(prompt));
    }

    [Fact]
    public void FullCache_ForgetsTheOldest()
    {
        var cache = new PrefixCache(blocksMax: 2);
        var old = Enumerable.Range(0, 33).ToArray();
        var young = Enumerable.Range(100, 33).ToArray();
        cache.Add(old);
        cache.Add(young);
        Assert.Equal(0, cache.Match(old));
        Assert.Equal(32, cache.Match(young));
    }
}
