using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>Orders from any process to whoever leads.</summary>
public sealed class StoredOrdersTests : IAsyncDisposable
{
    private readonly TestStore _store = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CancellationTokenSource _left = new();
    private readonly StoredOrders _orders;
    private readonly Leader _leader = new();
    private Task _desk = Task.CompletedTask;

    public StoredOrdersTests() => _orders = new StoredOrders(_store, TimeSpan.FromSeconds(15), _time, NullLogger.Instance);

    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        await _desk.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _left.Dispose();
    }

    [Fact]
    public async Task Order_IsAnsweredByWhoeverLeads_AndLeavesNothingBehind()
    {
        Open();
        Assert.Equal(_leader.Answer, await _orders.DoAsync(FleetAction.DrainGpu, "SIM-0", CancellationToken.None));
        Assert.Equal([(FleetAction.DrainGpu, "SIM-0")], _leader.Heard);
        Assert.Empty(await _store.ListAsync(""));
    }

    [Fact]
    public async Task OrderThatIsGivenWhileNobodyLeads_IsAnsweredByTheNext()
    {
        var asked = _orders.DoAsync(FleetAction.Pin, "a", CancellationToken.None);
        Open();
        Assert.True((await asked).Accepted);
    }

    [Fact]
    public async Task OrderThatNobodyAnswers_SaysSo()
    {
        var asked = _orders.DoAsync(FleetAction.Pin, "a", CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(15));
        var answer = await asked;
        Assert.Equal((false, "not_ready"), (answer.Accepted, answer.Code));
        Assert.Empty(await _store.ListAsync(""));
    }

    [Fact]
    public async Task OrderOfSomebodyWhoIsGone_IsNotObeyed()
    {
        await _store.PutAsync(
            StoredOrder.KeyPrefix + "old", StateJson.ToBytes(new StoredOrder(FleetAction.Stop, "a", _time.GetUtcNow() - TimeSpan.FromMinutes(2))));
        Open();
        Assert.True((await _orders.DoAsync(FleetAction.Pin, "b", CancellationToken.None)).Accepted);
        Assert.Equal([(FleetAction.Pin, "b")], _leader.Heard);
        Assert.Empty(await _store.ListAsync(""));
    }

    [Fact]
    public async Task OrderThatFails_IsNotAnswered_AndTheNextIs()
    {
        Open();
        var failed = _orders.DoAsync(FleetAction.Pin, "broken", CancellationToken.None);
        Assert.True((await _orders.DoAsync(FleetAction.Pin, "b", CancellationToken.None)).Accepted);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.False((await failed).Accepted);
    }

    private void Open() => _desk = new OrderDesk(_store, _leader, _time, NullLogger.Instance).RunAsync(_left.Token);

    private sealed class Leader : IFleetControl
    {
        public List<(FleetAction Action, string Target)> Heard { get; } = [];

        public FleetAnswer Answer { get; } = new(true, "", "Done.");

        public Task<FleetAnswer> DoAsync(FleetAction action, string target, CancellationToken cancellationToken)
        {
            if (target == "broken")
            {
                throw new IOException("disk full");
            }

            Heard.Add((action, target));
            return Task.FromResult(Answer);
        }
    }
}
