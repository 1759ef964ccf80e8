using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Scheduler.Remote;

namespace Podvirt.Scheduler.Tests.Remote;

/// <summary>Orders and logs of a scheduler that is another process, over the bus.</summary>
public sealed class RemoteCallTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceProvider _services;
    private readonly BusCalls<FleetOrder, FleetOrderAnswer> _orders;
    private readonly BusCalls<LogQuery, LogQueryAnswer> _queries;
    private readonly StubControl _control = new();
    private readonly StubLogs _logs = new();
    private readonly List<CallAnswerer> _answerers = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    public RemoteCallTests()
    {
        _services = new ServiceCollection().AddPodvirtEmbeddedMessaging(_folder).BuildServiceProvider();
        _orders = new(Bus, Subjects.FleetOrders, Subjects.FleetOrderAnswers, static a => a.Id, _time);
        _queries = new(Bus, Subjects.LogQueries, Subjects.LogQueryAnswers, static a => a.Id, _time);
    }

    private IBus Bus => _services.GetRequiredService<IBus>();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var answerer in _answerers)
        {
            await answerer.StopAsync(CancellationToken.None);
            answerer.Dispose();
        }
        await _orders.StopAsync(CancellationToken.None);
        await _queries.StopAsync(CancellationToken.None);
        _orders.Dispose();
        _queries.Dispose();
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Order_IsObeyedByTheLeaderAlone()
    {
        var standby = new StubControl();
        await StartAsync(() => true, _control);
        await StartAsync(() => false, standby);

        var answer = await new RemoteFleetControl(_orders).DoAsync(FleetAction.Pin, "org/model", Ended);

        Assert.Equal(new FleetAnswer(true, "", "Pin org/model"), answer);
        Assert.Equal([(FleetAction.Pin, "org/model")], _control.Heard);
        Assert.Empty(standby.Heard);
    }

    [Fact]
    public async Task ManyOrdersAtOnce_EachGetsItsOwnAnswer()
    {
        await StartAsync(() => true, _control);
        var remote = new RemoteFleetControl(_orders);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => remote.DoAsync(FleetAction.Wake, $"m{i}", Ended)));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"Wake m{i}"), answers.Select(a => a.Message));
    }

    [Fact]
    public async Task NoLeader_IsSaidAfterTheTime()
    {
        await StartAsync(() => false, _control);
        var order = new RemoteFleetControl(_orders).DoAsync(FleetAction.Sleep, "m", Ended);
        _time.Advance(TimeSpan.FromSeconds(15));

        var answer = await order;

        Assert.Equal((false, "no_scheduler"), (answer.Accepted, answer.Code));
    }

    [Fact]
    public async Task OrderThatThrows_LeavesTheNextOneAnswered()
    {
        await StartAsync(() => true, _control);
        var remote = new RemoteFleetControl(_orders);
        _control.Fails = true;
        var failed = remote.DoAsync(FleetAction.Sleep, "m", Ended);
        await _control.Failed.Task.WaitAsync(Ended);
        _control.Fails = false;

        Assert.True((await remote.DoAsync(FleetAction.Wake, "m", Ended)).Accepted);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("no_scheduler", (await failed).Code);
    }

    [Fact]
    public async Task UnknownOrder_IsRefusedInWords()
    {
        await StartAsync(() => true, _control);

        var answer = await _orders.AskAsync(static id => new FleetOrder(id, "Melt", "m"), Ended);

        Assert.Equal((false, "unknown_action"), (answer!.Accepted, answer.Code));
        Assert.Empty(_control.Heard);
    }

    [Fact]
    public async Task Logs_AreReadAsThoughTheyWereHere()
    {
        await StartAsync(() => true, _control);
        var remote = new RemoteReplicaLogs(_queries);

        Assert.Equal("tail of m, 20", await remote.ReadTailAsync("m", 20, Ended));
        Assert.Equal("tail of r-1, 5", await remote.ReadReplicaTailAsync("r-1", 5, Ended));
        Assert.Null(await remote.ReadTailAsync("none", 20, Ended));
        var first = await remote.ReadOnAsync("m", null, 7, Ended);
        Assert.Equal(("r-9", 100, "from the start, 7"), (first.Replica, first.End, Encoding.UTF8.GetString(first.Text.Span)));
        var next = await remote.ReadOnAsync("m", first, 7, Ended);
        Assert.Equal("behind r-9 100", Encoding.UTF8.GetString(next.Text.Span));
    }

    [Fact]
    public async Task LongLog_IsCutToItsLastWholeLines()
    {
        await StartAsync(() => true, _control);
        _logs.Tail = string.Join('\n', Enumerable.Range(0, 200_000));

        var text = await new RemoteReplicaLogs(_queries).ReadTailAsync("m", 10_000, Ended);

        Assert.InRange(text!.Length, 500 * 1024, 512 * 1024);
        Assert.EndsWith("\n199999", text, StringComparison.Ordinal);
        Assert.True(int.TryParse(text.Split('\n')[0], out var line) && line > 100_000);
    }

    private async Task StartAsync(Func<bool> leads, IFleetControl control)
    {
        var answerer = new CallAnswerer(Bus, control, _logs, leads, NullLogger<CallAnswerer>.Instance);
        _answerers.Add(answerer);
        await answerer.StartAsync(Ended);
        await _orders.StartAsync(Ended);
        await _queries.StartAsync(Ended);
    }

    private sealed class StubControl : IFleetControl
    {
        public List<(FleetAction Action, string Target)> Heard { get; } = [];

        public TaskCompletionSource Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Fails { get; set; }

        public Task<FleetAnswer> DoAsync(FleetAction action, string target, CancellationToken cancellationToken)
        {
            if (Fails)
            {
                Failed.TrySetResult();
                throw new IOException("the store does not answer");
            }
            Heard.Add((action, target));
            return Task.FromResult(new FleetAnswer(true, "", $"{action} {target}"));
        }
    }

    private sealed class StubLogs : IReplicaLogs
    {
        public string? Tail { get; set; }

        public ValueTask<string?> ReadTailAsync(string modelId, int lines, CancellationToken cancellationToken) =>
            ValueTask.FromResult(modelId == "none" ? null : Tail ?? $"tail of {modelId}, {lines}");

        public ValueTask<string?> ReadReplicaTailAsync(string replicaId, int lines, CancellationToken cancellationToken) =>
            ValueTask.FromResult<string?>($"tail of {replicaId}, {lines}");

        public ValueTask<LogPart> ReadOnAsync(string modelId, LogPart? after, int lines, CancellationToken cancellationToken) => ValueTask.FromResult(
            new LogPart("r-9", 100, Encoding.UTF8.GetBytes(after is null ? $"from the start, {lines}" : $"behind {after.Replica} {after.End}")));
    }
}
