using System.Threading.Channels;
using Podvirt.Messaging;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests;

/// <summary>Which orders outlive a restart, and which are written down at all.</summary>
public sealed class FleetControlTests : IAsyncLifetime
{
    private readonly TestStore _store = new();
    private readonly Channel<SchedulerEvent> _events = Channel.CreateUnbounded<SchedulerEvent>();
    private readonly List<(FleetAction Action, string Target)> _heard = [];
    private readonly CancellationTokenSource _ended = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>What the loop says to everything.</summary>
    private FleetAnswer Answer { get; set; } = new(true, "", "Done.");

    public ValueTask InitializeAsync()
    {
        _loop = AnswerAllAsync();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _events.Writer.Complete();
        await _loop;
        _ended.Dispose();
    }

    [Fact]
    public async Task PinsAndDrains_OutliveARestart_UntilTheyAreTakenBack()
    {
        var control = new FleetControl(_events.Writer, _store, _ended.Token);
        await control.DoAsync(FleetAction.Pin, "org/a", CancellationToken.None);
        await control.DoAsync(FleetAction.Pin, "b", CancellationToken.None);
        await control.DoAsync(FleetAction.DrainGpu, "SIM-0", CancellationToken.None);
        var (pinned, drained, _) = await FleetControl.ReadAsync(_store, CancellationToken.None);
        Assert.Equal(["b", "org/a"], pinned.Order());
        Assert.Equal(["SIM-0"], drained);

        await control.DoAsync(FleetAction.Unpin, "b", CancellationToken.None);
        await control.DoAsync(FleetAction.UndrainGpu, "SIM-0", CancellationToken.None);
        (pinned, drained, _) = await FleetControl.ReadAsync(_store, CancellationToken.None);
        Assert.Equal(["org/a"], pinned);
        Assert.Empty(drained);
    }

    [Theory]
    [InlineData(FleetAction.Wake)]
    [InlineData(FleetAction.Sleep)]
    [InlineData(FleetAction.Stop)]
    public async Task OrderForTheMoment_IsNotWrittenDownHere(FleetAction action)
    {
        Assert.True((await new FleetControl(_events.Writer, _store, _ended.Token).DoAsync(action, "a", CancellationToken.None)).Accepted);
        Assert.Empty(await _store.ListAsync(""));
    }

    [Fact]
    public async Task RefusedOrder_IsNotWrittenDown()
    {
        Answer = new FleetAnswer(false, "model_not_found", "No.");
        Assert.Equal(Answer, await new FleetControl(_events.Writer, _store, _ended.Token).DoAsync(FleetAction.Pin, "a", CancellationToken.None));
        Assert.Empty(await _store.ListAsync(""));
    }

    [Fact]
    public async Task OrderThatCannotBeWrittenDown_IsTakenBack()
    {
        var broken = new GatedStore();
        broken.Break();
        await Assert.ThrowsAsync<IOException>(
            () => new FleetControl(_events.Writer, broken, _ended.Token).DoAsync(FleetAction.Pin, "a", CancellationToken.None));
        Assert.Equal([(FleetAction.Pin, "a"), (FleetAction.Unpin, "a")], _heard);
    }

    [Fact]
    public async Task SleepOrder_OutlivesARestart_UntilItIsTakenBack()
    {
        await FleetControl.WriteSleepOrderAsync(_store, "a", holds: true, CancellationToken.None);
        Assert.Equal(["a"], (await FleetControl.ReadAsync(_store, CancellationToken.None)).SentToSleep);
        await FleetControl.WriteSleepOrderAsync(_store, "a", holds: false, CancellationToken.None);
        Assert.Empty((await FleetControl.ReadAsync(_store, CancellationToken.None)).SentToSleep);
    }

    [Fact]
    public async Task SchedulerThatEnds_SaysSo()
    {
        await _ended.CancelAsync();
        var answer = await new FleetControl(_events.Writer, _store, _ended.Token).DoAsync(FleetAction.Pin, "a", CancellationToken.None);
        Assert.Equal("shutting_down", answer.Code);
    }

    private async Task AnswerAllAsync()
    {
        await foreach (var asked in _events.Reader.ReadAllAsync())
        {
            var order = Assert.IsType<OperatorAsked>(asked);
            _heard.Add((order.Action, order.Target));
            order.Answer.TrySetResult(Answer);
        }
    }
}
