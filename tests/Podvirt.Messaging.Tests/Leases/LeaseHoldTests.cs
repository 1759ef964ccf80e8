using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Leases;

namespace Podvirt.Messaging.Tests.Leases;

public sealed class LeaseHoldTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly FakeTimeProvider _time = new();
    private readonly InProcessLeases _leases;
    private readonly GatedLeases _gate;

    public LeaseHoldTests()
    {
        _leases = new InProcessLeases(_time, TimeSpan.FromSeconds(6));
        _gate = new GatedLeases(_leases);
    }

    [Fact]
    public async Task Hold_IsRenewedInTime_ForAsLongAsTheStoreAnswers()
    {
        await using var hold = await TakeAsync();
        for (var second = 0; second < 100; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            // A third of a period has passed at most since the last renewal, and what a look may be late.
            Assert.True(hold.Left >= TimeSpan.FromSeconds(2.4), $"{hold.Left} are left");
        }

        Assert.Null(await _leases.TryTakeAsync("leader/x", default, s_none));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task StoreThatDoesNotAnswer_EndsItBeforeTheStoreDoes(bool fails)
    {
        await using var hold = await TakeAsync();
        (_gate.Fails, _gate.Hangs) = (fails, !fails);
        _time.Advance(TimeSpan.FromSeconds(5.3));
        Assert.True(hold.Holds);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(hold.Holds);
        Assert.True(hold.Ended.IsCancellationRequested);
        Assert.Null(await _leases.TryTakeAsync("leader/x", default, s_none));
        _time.Advance(TimeSpan.FromSeconds(0.7));
        Assert.NotNull(await _leases.TryTakeAsync("leader/x", default, s_none));
    }

    [Fact]
    public async Task AnswerThatCameLate_CountsFromTheQuestion()
    {
        _gate.Pause();
        var taking = TakeAsync();
        _time.Advance(TimeSpan.FromSeconds(4));
        _gate.Resume();
        await using var hold = await taking;
        Assert.Equal(TimeSpan.FromSeconds(1.4), hold.Left);
    }

    [Fact]
    public async Task AnotherHoldsTheName_ItIsNotTaken()
    {
        await using var hold = await TakeAsync();
        Assert.Null(await LeaseHold.TryTakeAsync(_leases, "leader/x", default, _time, NullLogger.Instance, s_none));
    }

    [Fact]
    public async Task LeaseThatIsAnothers_EndsIt()
    {
        await using var hold = await TakeAsync();
        await _leases.ReleaseAsync(hold.Lease, s_none);
        Assert.NotNull(await _leases.TryTakeAsync("leader/x", default, s_none));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(hold.Holds);
        Assert.Equal("it was over, and may be another's", hold.Ending);
    }

    [Fact]
    public async Task Release_FreesTheName()
    {
        await using var hold = await TakeAsync();
        await hold.ReleaseAsync();
        Assert.False(hold.Holds);
        Assert.NotNull(await _leases.TryTakeAsync("leader/x", default, s_none));
    }

    private async Task<LeaseHold> TakeAsync() =>
        await LeaseHold.TryTakeAsync(_gate, "leader/x", default, _time, NullLogger.Instance, s_none)
        ?? throw new InvalidOperationException("It is free.");
}
