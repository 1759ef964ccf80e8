using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

public sealed class LeaseHoldTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CandidateGate _gate = new();
    private readonly ServiceProvider _services;
    private readonly ILeases _leases;

    public LeaseHoldTests()
    {
        _services = new ServiceCollection().AddSingleton<TimeProvider>(_time).AddPodvirtEmbeddedMessaging("unused").BuildServiceProvider();
        _leases = _services.GetRequiredService<ILeases>();
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

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

        Assert.Null(await _leases.TryTakeAsync("leader/x", default));
    }

    [Theory]
    [InlineData(nameof(CandidateGate.Cut.Fails))]
    [InlineData(nameof(CandidateGate.Cut.Hangs))]
    public async Task StoreThatDoesNotAnswer_EndsItBeforeTheStoreDoes(string cut)
    {
        await using var hold = await TakeAsync();
        _gate.CutOff(Enum.Parse<CandidateGate.Cut>(cut));
        _time.Advance(TimeSpan.FromSeconds(5.3));
        Assert.True(hold.Holds);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(hold.Holds);
        Assert.True(hold.Ended.IsCancellationRequested);
        Assert.Null(await _leases.TryTakeAsync("leader/x", default));
        _time.Advance(TimeSpan.FromSeconds(0.7));
        Assert.NotNull(await _leases.TryTakeAsync("leader/x", default));
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
        Assert.Null(await LeaseHold.TryTakeAsync(_leases, "leader/x", default, _time, NullLogger.Instance, CancellationToken.None));
    }

    [Fact]
    public async Task LeaseThatIsAnothers_EndsIt()
    {
        await using var hold = await TakeAsync();
        await _leases.ReleaseAsync(new NamedLease("leader/x", 1, 1));
        Assert.NotNull(await _leases.TryTakeAsync("leader/x", default));
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
        Assert.NotNull(await _leases.TryTakeAsync("leader/x", default));
    }

    private async Task<LeaseHold> TakeAsync() =>
        await LeaseHold.TryTakeAsync(_gate.Before(_leases), "leader/x", default, _time, NullLogger.Instance, CancellationToken.None)
        ?? throw new InvalidOperationException("It is free.");
}
