using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>Effects of one leader among several schedulers: which begin.</summary>
public sealed class FencedEffectsTests : IAsyncLifetime
{
    private static readonly EngineTarget Target = new("r1", 4, Make.Model("a"), Make.Gpus(1, 80), "", "", 1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TestStore _store = new();
    private readonly CandidateGate _gate = new();
    private readonly RecordingLog _log = new();
    private readonly Channel<SchedulerEvent> _events = Channel.CreateUnbounded<SchedulerEvent>();
    private readonly FakeEffects _inner = new();
    private readonly ServiceProvider _services;
    private LeaseHold _lease = null!;
    private EpochClaim _claim = null!;
    private RecordedEffects _effects = null!;

    public FencedEffectsTests() =>
        _services = new ServiceCollection().AddSingleton<TimeProvider>(_time).AddPodvirtEmbeddedMessaging("unused").BuildServiceProvider();

    public async ValueTask InitializeAsync()
    {
        _lease = (await LeaseHold.TryTakeAsync(
            _services.GetRequiredService<ILeases>(), "leader/x", default, _time, NullLogger.Instance, CancellationToken.None))!;
        var store = _gate.Before(_store);
        _claim = await EpochClaim.RaiseAsync(store, "first", CancellationToken.None);
        _effects = new RecordedEffects(
            _inner, store, new Mandate(_claim.Epoch, _claim, _lease), _events.Writer, _time, new SchedulerMetrics(), _log);
    }

    public async ValueTask DisposeAsync()
    {
        await _effects.DisposeAsync();
        _claim.Dispose();
        await _lease.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Effect_BeginsWithItsIntentAndTheEpochConfirmed()
    {
        _effects.Start(Target);
        await BeganAsync(EffectKind.Start);
        Assert.Equal(IntentEffect.Start, (await ReadAsync())!.Effect);
        Assert.Equal(1, (await ReadAsync())!.Epoch);
    }

    [Theory]
    [InlineData(nameof(EffectKind.Start))]
    [InlineData(nameof(EffectKind.Stop))]
    public async Task NextLeaderHasRaisedTheEpoch_NothingBegins_NotEvenAStop(string effect)
    {
        using var next = await EpochClaim.RaiseAsync(_store, "second", CancellationToken.None);
        Ask(effect);
        await RefusedAsync();
        Assert.False(_lease.Holds);
    }

    [Fact]
    public async Task LaterLeadersIntent_IsNotWrittenOver()
    {
        await _store.PutAsync(Intent.KeyPrefix + "r1", StateJson.ToBytes(Intent.For(9, Target, IntentEffect.Wake, _time.GetUtcNow())));
        _effects.Sleep(Target);
        await RefusedAsync();
        Assert.Equal(9, (await ReadAsync())!.Epoch);
    }

    [Fact]
    public async Task EarlierLeadersIntent_IsWrittenOver()
    {
        await _store.PutAsync(Intent.KeyPrefix + "r1", StateJson.ToBytes(Intent.For(0, Target, IntentEffect.Wake, _time.GetUtcNow())));
        _effects.Sleep(Target);
        await BeganAsync(EffectKind.Sleep);
        Assert.Equal((1L, IntentEffect.Sleep), ((await ReadAsync())!.Epoch, (await ReadAsync())!.Effect));
    }

    [Theory]
    [InlineData(nameof(CandidateGate.Cut.Fails), nameof(EffectKind.Start))]
    [InlineData(nameof(CandidateGate.Cut.Hangs), nameof(EffectKind.Start))]
    [InlineData(nameof(CandidateGate.Cut.Fails), nameof(EffectKind.Stop))]
    [InlineData(nameof(CandidateGate.Cut.Hangs), nameof(EffectKind.Stop))]
    public async Task StoreThatDoesNotAnswer_IsWaitedFor_AStopToo(string cut, string effect)
    {
        _gate.CutOff(Enum.Parse<CandidateGate.Cut>(cut));
        Ask(effect);
        await UntilAsync(() => _log.Lines.Any(line => line.Contains("waits for the state store", StringComparison.Ordinal)));
        Assert.Empty(_inner.Pending);
        Assert.True(_lease.Holds);
        _gate.CutOff(CandidateGate.Cut.None);
        await BeganAsync(Enum.Parse<EffectKind>(effect));
        Assert.False(_events.Reader.TryPeek(out _));
    }

    [Fact]
    public async Task ServedIntentThatCannotBeDeleted_HoldsNothingUp()
    {
        _effects.Wake(Target);
        await BeganAsync(EffectKind.Wake);
        _gate.CutOff(CandidateGate.Cut.Hangs);
        _effects.Moved(new ReplicaTransition(
            1, 1, default, "a", 1, "r1", ["SIM-0"], ReplicaState.Waking, "", ReplicaState.Active, TransitionCause.Demand, "", 0, null));
        await UntilAsync(() => _log.Lines.Any(line => line.Contains("could not be deleted", StringComparison.Ordinal)));
        _gate.CutOff(CandidateGate.Cut.None);
        _effects.Sleep(Target);
        await BeganAsync(EffectKind.Sleep);
        Assert.Equal(IntentEffect.Sleep, (await ReadAsync())!.Effect);
    }

    [Fact]
    public async Task LeaseThatIsOver_RefusesWithoutAskingAnybody()
    {
        _lease.End("a test ends it");
        _effects.Start(Target);
        await RefusedAsync();
        Assert.Null(await ReadAsync());
        _effects.Publish(new RouteTable(1, 1, []));
        Assert.Equal(0, _inner.Published);
    }

    [Fact]
    public async Task OrderlyEnd_LeavesItsIntentsToTheNext()
    {
        _effects.Wake(Target);
        await BeganAsync(EffectKind.Wake);
        await _effects.DisposeAsync();
        Assert.Equal(IntentEffect.Wake, (await ReadAsync())!.Effect);
    }

    private void Ask(string effect)
    {
        if (effect == nameof(EffectKind.Stop))
        {
            _effects.Stop(Target);
        }
        else
        {
            _effects.Start(Target);
        }
    }

    private async Task<Intent?> ReadAsync() => (await _store.GetAsync(Intent.KeyPrefix + "r1"))?.Read<Intent>();

    private Task BeganAsync(EffectKind kind) => UntilAsync(() => _inner.Of(kind).Count == 1);

    private async Task RefusedAsync()
    {
        await UntilAsync(() => _log.Lines.Any(line => line.Contains("is refused", StringComparison.Ordinal)));
        Assert.Empty(_inner.Pending);
    }

    /// <summary>The pauses between two tries are a matter of the clock.</summary>
    private async Task UntilAsync(Func<bool> isTrue)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!isTrue())
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(Pause, late.Token);
        }
    }
}
