using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Scenarios;

namespace Podvirt.LoadTest.Tests.Scenarios;

public sealed class WakeSampleTests
{
    private const long Ms = 1_000_000;
    private const string Chat = "/v1/chat/completions";

    private static readonly EngineSpan[] s_timeline =
    [
        new(Chat, 1 * Ms, 2 * Ms), new("/sleep", 3 * Ms, 4 * Ms),
        new("/wake_up", 103 * Ms, 203 * Ms), new("/is_sleeping", 203 * Ms, 203 * Ms), new(Chat, 205 * Ms, 212 * Ms), new(Chat, 213 * Ms, 230 * Ms),
    ];

    [Fact]
    public void WhatTheEngineTook_IsNotAdded()
    {
        var sample = WakeSample.Of(new RequestDetail(1, 0, 0) { Intended = 100 * Ms }, s_timeline);
        Assert.Equal(new WakeSample(3, 100, 2, 7, 1), sample);
        Assert.Equal((6, 13), (sample.Added, sample.AddedWithCanary));
    }

    [Fact]
    public void RequestThatWokeNothing_IsNoSample() =>
        Assert.Throws<InvalidOperationException>(() => WakeSample.Of(new RequestDetail(1, 0, 0) { Intended = 150 * Ms }, s_timeline));
}
