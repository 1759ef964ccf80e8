using System.Net;
using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;

namespace Podvirt.LoadTest.Tests.MockEngine;

/// <summary>Generator and engine against each other, over loopback.</summary>
public sealed class LoadRunTests : IDisposable
{
    private readonly EngineLoop _engine = new(new IPEndPoint(IPAddress.Loopback, 0), tick: 1_000_000, sendBuffer: 8_192);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;

    public LoadRunTests()
    {
        _thread = new Thread(() => _engine.Run(_stop.Token));
        _thread.Start();
    }

    [Theory]
    [InlineData(UsageOption.None)]
    [InlineData(UsageOption.Include)]
    [InlineData(UsageOption.Continuous)]
    public void Streams_AllEndClean(object usage)
    {
        var result = Run(Plan() with { Usage = (UsageOption)usage });
        Assert.Equal((60, 60, 600L, 0L), (result.Started, result.Clean, result.Tokens, result.TokensAstray));
        Assert.Equal(600, result.TokenDelay.Count);
        Assert.Equal(60, result.FirstTokenPath.Count);
    }

    [Fact]
    public void PlainReplies_AllEndClean() => Assert.Equal(60, Run(Plan() with { Stream = false }).Clean);

    [Fact]
    public void OpenLoop_SendsEveryRequest() => Assert.Equal(60, Run(Plan() with { Rate = 2_000 }).Clean);

    [Fact]
    public async Task ClientsThatLeave_AreSeenByTheEngine()
    {
        var result = Run(Plan() with { Requests = 20, Tokens = 1_000_000, GapUs = 1_000, AbortAfterTokens = 3, Details = true });
        Assert.Equal(20, result.Aborted);
        var abandoned = new List<AbandonedStream>();
        while (abandoned.Count < 20)
        {
            abandoned.AddRange((await _engine.ReportAsync()).Abandoned);
        }
        Assert.Equal(result.Details.Select(d => d.Id).Order(), abandoned.Select(a => a.Id).Order());
        Assert.All(abandoned, a => Assert.True(a.Sent >= 3));
        Assert.All(abandoned, a => Assert.True(a.Closed >= result.Details.Single(d => d.Id == a.Id).Closed));
    }

    [Fact]
    public async Task ReaderThatStops_StopsItsOwnStreamOnly()
    {
        var stuck = Task.Run(() => Run(Plan() with { Streams = 2, Requests = 2, SlowStreams = 2, StoppedStreams = 2, Tokens = 1_000_000, Padding = 8_000, GapUs = 100, TimeoutMs = 6_000 }), TestContext.Current.CancellationToken);
        while ((await _engine.ReportAsync()).Blocked < 2)
        {
            Assert.False(stuck.IsCompleted, "Both streams should stand still long before the run ends.");
        }
        Assert.Equal(60, Run(Plan()).Clean);
        Assert.Equal(2, Assert.Single((await stuck).Failures).Value);
    }

    [Fact]
    public void NobodyThere_IsAFailureAndNoHang()
    {
        _stop.Cancel();
        _thread.Join();
        _engine.Dispose();
        Assert.Equal("not connected", Assert.Single(Run(Plan() with { Streams = 1, Requests = 1 }).Failures).Key);
    }

    public void Dispose()
    {
        if (!_stop.IsCancellationRequested)
        {
            _stop.Cancel();
            _thread.Join();
            _engine.Dispose();
        }
        _stop.Dispose();
    }

    private LoadPlan Plan() => new() { Port = _engine.Port, Streams = 20, Requests = 60, Tokens = 10, GapUs = 1_000, RampMs = 5 };

    private static LoadResult Run(LoadPlan plan)
    {
        using var run = new LoadRun(plan);
        return run.Run();
    }
}
