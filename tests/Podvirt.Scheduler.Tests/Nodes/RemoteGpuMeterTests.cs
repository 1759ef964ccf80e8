using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Nodes;

public sealed class RemoteGpuMeterTests : IAsyncDisposable
{
    private static readonly RunningReplica s_replica = new("r1", "m", "", "", 0);

    private readonly TestBus _bus = new();
    private readonly FakeTimeProvider _time = new();
    private readonly NodeBook _book;
    private readonly RemoteGpuMeter _meter;

    public RemoteGpuMeterTests()
    {
        _book = new NodeBook(_bus, _time, NullLogger.Instance);
        _meter = new RemoteGpuMeter(_book);
    }

    [Fact]
    public async Task Measure_WaitsForAReportThatWasMadeForIt()
    {
        await TellAsync(Report([], held: 40));
        await using var questions = _bus.Subscribe(Subjects.NodeQuestions);
        var measure = _meter.MeasureAsync(["g0"], s_replica, CancellationToken.None);
        var question = await NextAsync(questions);
        Assert.Equal("n1", question.Node);

        await TellAsync(Report(["another's"], held: 40));
        Assert.False(measure.IsCompleted);
        await TellAsync(Report([question.Id], held: 2));
        Assert.Equal(2 * Make.GiB, await measure.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task LostQuestion_IsAskedAgain_AndSilenceIsNoMeasure()
    {
        await TellAsync(Report([], held: 40));
        await using var questions = _bus.Subscribe(Subjects.NodeQuestions);
        var measure = _meter.MeasureAsync(["g0"], s_replica, CancellationToken.None);
        var first = await NextAsync(questions);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(first, await NextAsync(questions));
        while (!measure.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        Assert.Null(await measure);
    }

    [Theory]
    [InlineData("r1", "g1")]
    [InlineData("r2", "g0")]
    public async Task WhatTheAgentDoesNotTell_IsNotMeasured(string replica, string gpu)
    {
        await TellAsync(Report([], held: 40));
        Assert.Null(await AnsweredAsync(() => _meter.MeasureAsync(["g0", gpu], s_replica with { Replica = replica }, CancellationToken.None)));
    }

    [Fact]
    public async Task GpuThatNobodyTellsOf_IsNotMeasured() => Assert.Null(await _meter.MeasureAsync(["g0"], s_replica, CancellationToken.None));

    [Fact]
    public async Task Free_IsTheNodesOwn_AndOnlyWhereAllIsKnown()
    {
        await TellAsync(Report([], held: 40));
        var gpus = Make.Gpus(2, 80).Select(gpu => gpu with { Id = $"g{gpu.Index}" }).ToList();
        Assert.Equal([60 * Make.GiB], await AnsweredAsync(() => _meter.FreeAsync([gpus[0]], CancellationToken.None)));
        Assert.Null(await AnsweredAsync(() => _meter.FreeAsync(gpus, CancellationToken.None)));
    }

    [Fact]
    public async Task HostMemory_IsTheLastReports_WhileItIsFresh()
    {
        await TellAsync(Report([], held: 40));
        Assert.Equal(5, _meter.MeasureHost(s_replica));
        _time.Advance(NodeBook.FreshFor + TimeSpan.FromMilliseconds(1));
        Assert.Null(_meter.MeasureHost(s_replica));
    }

    public async ValueTask DisposeAsync() => await _book.DisposeAsync();

    private static NodeReport Report(IReadOnlyList<string> answers, int held) => new(
        "n1", "box", [new NodeGpu("g0", 0, "H100", 80 * Make.GiB, 60 * Make.GiB, false), new NodeGpu("g1", 1, "H100", 80 * Make.GiB, null, false)],
        100, 50, [new NodeReplica("r1", 5, [new NodeHold("g0", held * Make.GiB)])], answers);

    /// <summary>The book hears on a task of its own: it is told again until it has.</summary>
    private async Task TellAsync(NodeReport report)
    {
        await _bus.PublishAsync(Subjects.NodeReports, report);
        while (!ReferenceEquals(_book.Find("n1"), report))
        {
            await Task.Yield();
        }
    }

    private async Task<T> AnsweredAsync<T>(Func<Task<T>> ask)
    {
        await using var questions = _bus.Subscribe(Subjects.NodeQuestions);
        var asked = ask();
        await TellAsync(Report([(await NextAsync(questions)).Id], held: 40));
        return await asked.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    private static async Task<NodeQuestion> NextAsync(Podvirt.Messaging.IBusSubscription<NodeQuestion> questions)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var reader = questions.ReadAllAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await reader.MoveNextAsync());
        return reader.Current;
    }
}
