using Podvirt.Core.Usage;
using Podvirt.Gateway.Relay;

namespace Podvirt.Gateway.Tests.Relay;

public sealed class ChoiceCountsTests
{
    [Fact]
    public void ChoicesOfSeveralPrompts_CountEachPromptOnce()
    {
        // Two prompts of 10 and 4 tokens, two choices of each.
        var counts = new ChoiceCounts(choicesEach: 2, capacity: 4);
        counts.Add(0, new TokenCounts(10, 0, 0, 0));
        counts.Add(2, new TokenCounts(4, 2, 0, 0));
        counts.Add(1, new TokenCounts(10, 0, 3, 1));
        counts.Add(3, new TokenCounts(4, 2, 5, 0));
        Assert.Equal(new TokenCounts(14, 2, 10, 1), counts.Add(0, new TokenCounts(10, 0, 2, 0)));
    }

    [Fact]
    public void CountTakenBack_IsAsIfItHadNotBeen()
    {
        var counts = new ChoiceCounts(choicesEach: 1, capacity: 3);
        var sum = counts.Add(1, new TokenCounts(10, 1, 4, 2));
        var before = counts.Of(2);
        counts.Add(2, new TokenCounts(7, 0, 9, 0));
        counts.Restore(2, before);
        Assert.Equal(sum, counts.Add(1, new TokenCounts(10, 1, 4, 2)));
    }
}
