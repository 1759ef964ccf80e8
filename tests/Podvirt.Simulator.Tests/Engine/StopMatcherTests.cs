using Podvirt.Simulator.Engine;

namespace Podvirt.Simulator.Tests.Engine;

public sealed class StopMatcherTests
{
    [Fact]
    public void StopSpansPieces_NoneOfItGetsOut()
    {
        // Every way of cutting the text into two and three pieces.
        const string Text = "one END two";
        for (var first = 0; first <= Text.Length; first++)
        {
            for (var second = first; second <= Text.Length; second++)
            {
                var matcher = new StopMatcher(["END"], include: false);
                var sent = "";
                foreach (var piece in (string[])[Text[..first], Text[first..second], Text[second..]])
                {
                    sent += matcher.Matched is null ? matcher.Add(piece, looks: true) : "";
                }

                Assert.Equal("one ", sent);
                Assert.Equal("END", matcher.Matched);
            }
        }
    }

    [Fact]
    public void StopIncluded_EndsTheText()
    {
        var matcher = new StopMatcher(["END"], include: true);
        Assert.Equal("one E", matcher.Add("one E", looks: true));
        Assert.Equal("ND", matcher.Add("ND two", looks: true));
    }

    [Fact]
    public void NoStop_ReleasesWhatWasKeptBack()
    {
        var matcher = new StopMatcher(["END"], include: false);
        Assert.Equal("so", matcher.Add("so EN", looks: true)[..2]);
        Assert.Equal("EN", matcher.Release());
    }

    [Fact]
    public void TwoStops_EarlierOneWins()
    {
        var matcher = new StopMatcher(["later", "sooner"], include: false);
        Assert.Equal("", matcher.Add("sooner later", looks: true));
        Assert.Equal("sooner", matcher.Matched);
    }

    [Fact]
    public void BeforeTheMinimum_StopsPass()
    {
        var matcher = new StopMatcher(["END"], include: false);
        Assert.Equal("END", matcher.Add("END", looks: false));
        Assert.Null(matcher.Matched);
    }
}
