using Podvirt.Gateway.Responses;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Responses;

public sealed class KeptResponsesTests
{
    private readonly Clock _clock = new();
    private readonly GatewayOptions _options = new() { KeptResponsesMax = 3, KeptResponseTime = TimeSpan.FromMinutes(1) };

    [Fact]
    public void ResponseOfAProject_IsFoundByThatProjectAlone()
    {
        var kept = new KeptResponses(_options, _clock);
        var response = new KeptResponse("r", "m", "m-0");
        kept.Add("p", response);
        Assert.True(kept.TryFind("p", "r", out var found));
        Assert.Equal(response, found);
        Assert.False(kept.TryFind("q", "r", out _));
        Assert.False(kept.TryFind("p", "R", out _));

        // The same id at another project is another response.
        kept.Add("q", response with { Replica = "m-1" });
        Assert.True(kept.TryFind("p", "r", out found));
        Assert.Equal("m-0", found.Replica);
    }

    [Fact]
    public void MoreThanMayBe_OldestGiveWay()
    {
        var kept = new KeptResponses(_options, _clock);
        for (var i = 0; i < 5; i++)
        {
            kept.Add("p", new KeptResponse($"r{i}", "m", "m-0"));
        }
        Assert.Equal([false, false, true, true, true], Enumerable.Range(0, 5).Select(i => kept.TryFind("p", $"r{i}", out _)));
        Assert.Equal(3, kept.Count);
    }

    [Fact]
    public void TimeIsOver_IsLetGo()
    {
        var kept = new KeptResponses(_options, _clock);
        kept.Add("p", new KeptResponse("r", "m", "m-0"));
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.True(kept.TryFind("p", "r", out _));

        // The same id again is the newer one: the older one's time does not end it.
        kept.Add("p", new KeptResponse("r", "m", "m-1"));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(kept.TryFind("p", "r", out var found));
        Assert.Equal("m-1", found.Replica);
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(kept.TryFind("p", "r", out _));
        Assert.Equal(0, kept.Count);
    }

    [Fact]
    public void NoneMayBe_NothingIsKept()
    {
        _options.KeptResponsesMax = 0;
        var kept = new KeptResponses(_options, _clock);
        kept.Add("p", new KeptResponse("r", "m", "m-0"));
        Assert.Equal(0, kept.Count);
    }
}
