using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Scenarios;

namespace Podvirt.LoadTest.Tests.Scenarios;

public sealed class ClusterWakeSampleTests
{
    private const long Ms = 1_000_000;
    private const string Chat = "/v1/chat/completions";

    private static readonly EngineSpan[] s_timeline =
    [
        new("/wake_up", 1 * Ms, 2 * Ms), new(Chat, 3 * Ms, 4 * Ms), new(Chat, 5 * Ms, 6 * Ms), new("/sleep", 7 * Ms, 8 * Ms),
        new("/wake_up", 103 * Ms, 303 * Ms), new("/is_sleeping", 303 * Ms, 303 * Ms), new(Chat, 305 * Ms, 312 * Ms),
        new(Chat, 313 * Ms, 330 * Ms), new("/health", 314 * Ms, 314 * Ms), new(Chat, 316 * Ms, 331 * Ms), new(Chat, 315 * Ms, 340 * Ms),
    ];

    [Fact]
    public void LastGateway_IsWhatCounts()
    {
        var sample = ClusterWakeSample.Of(100 * Ms, 150 * Ms, gateways: 3, s_timeline)!;
        Assert.Equal(new ClusterWakeSample(200, 2, 7, 1, 4), sample);
        Assert.Equal(13, sample.SeenByAll);
    }

    [Fact]
    public void RequestThatCameAsTheEngineWasReady_IsNoSample() => Assert.Null(ClusterWakeSample.Of(100 * Ms, 280 * Ms, gateways: 3, s_timeline));

    [Theory]
    [InlineData(104, 3)]
    [InlineData(100, 4)]
    [InlineData(100, 2)]
    public void EngineThatSawSomethingElse_IsAnError(long asked, int gateways) =>
        Assert.Throws<InvalidOperationException>(() => ClusterWakeSample.Of(asked * Ms, 150 * Ms, gateways, s_timeline));
}
