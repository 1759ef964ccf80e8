using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public sealed class RecordedEffectsTests : IAsyncDisposable
{
    private static readonly EngineTarget Target = new("r1", 4, Make.Model("a"), Make.Gpus(1, 80), "", "", 1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly GatedStore _store = new();
    private readonly Witness _inner;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Channel<SchedulerEvent> _events = Channel.CreateUnbounded<SchedulerEvent>();
    private readonly RecordedEffects _effects;

    public RecordedEffectsTests()
    {
        _inner = new Witness(_store);
        _effects = new RecordedEffects(_inner, _store, Mandate.Alone(9), _events.Writer, _time, new SchedulerMetrics(), NullLogger.Instance);
    }

    public ValueTask DisposeAsync() => _effects.DisposeAsync();

    [Fact]
    public async Task Effect_BeginsOnlyWhenItsIntentIsOnDisk()
    {
        _store.Close();
        _effects.Start(Target);
        _effects.Stop(Target with { Attempt = 5 });
        await _store.Waiting.WaitAsync(Patience);
        Assert.False(_inner.Began.Reader.TryPeek(out _));

        _store.Open();
        await ExpectAsync(IntentEffect.Start, attempt: 4);
        await ExpectAsync(IntentEffect.Stop, attempt: 5);
    }

    [Fact]
    public async Task KnownResult_TakesTheIntentAway()
    {
        _effects.Wake(Target);
        await BeganAsync();
        _effects.Moved(Moved(ReplicaState.Waking, ReplicaState.Active));
        // The next effect of the same replica comes after the deletion, and makes a new one.
        _effects.Sleep(Target);
        Assert.Equal(IntentEffect.Sleep, (await BeganAsync()).Effect);
        Assert.Equal(["create", "delete", "create"], _store.Writes);
    }

    [Fact]
    public async Task UnwritableIntent_FailsTheStep_ButNotAStop()
    {
        _store.Break();
        _effects.Wake(Target);
        var failed = Assert.IsType<StepFailed>(await _events.Reader.ReadAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(("r1", 4, "the intent to wake it could not be written: disk full"), (failed.Replica, failed.Attempt, failed.Reason));

        _effects.Stop(Target);
        Assert.Equal(IntentEffect.Stop, (await BeganAsync()).Effect);
    }

    [Fact]
    public async Task IntentOfAnotherScheduler_FailsTheStep()
    {
        await _store.PutAsync(Intent.KeyPrefix + "r1", StateJson.ToBytes("another's"));
        _effects.Start(Target);
        var failed = Assert.IsType<StepFailed>(await _events.Reader.ReadAsync().AsTask().WaitAsync(Patience));
        Assert.Equal("the intent to start it was forestalled by another scheduler's", failed.Reason);
        Assert.False(_inner.Began.Reader.TryPeek(out _));
    }

    [Fact]
    public async Task IntentOfAnEarlierRun_HoldsUntilItIsKnownWhatBecameOfIt()
    {
        var left = await _store.PutAsync(Intent.KeyPrefix + "r1", StateJson.ToBytes("an earlier run's"));
        _effects.Resume("r1", left);
        _effects.Look(Target, IntentEffect.Sleep);
        Assert.NotNull(await _store.GetAsync(Intent.KeyPrefix + "r1"));

        // Removed: its stop takes the intent over. Adopted: the intent goes.
        _effects.Stop(Target);
        await ExpectAsync(IntentEffect.Stop, attempt: 4);
        _effects.Moved(Moved(ReplicaState.Stopping, null));
        await _effects.DisposeAsync();
        Assert.Equal(["update", "delete"], _store.Writes);
    }

    [Fact]
    public async Task OrderlyEnd_LeavesNoIntent()
    {
        _effects.Start(Target);
        await BeganAsync();
        await _effects.DisposeAsync();
        Assert.Empty(await _store.ListAsync(Intent.KeyPrefix));
    }

    private async Task ExpectAsync(IntentEffect effect, int attempt)
    {
        var (began, recorded) = await BeganAsync();
        Assert.Equal(effect, began);
        Assert.Equal(["SIM-0"], recorded!.Gpus);
        Assert.Equal(new Intent(9, "r1", "a", 1, recorded.Gpus, attempt, effect, _time.GetUtcNow()), recorded);
    }

    private Task<(IntentEffect Effect, Intent? Recorded)> BeganAsync() => _inner.Began.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    private static ReplicaTransition Moved(ReplicaState from, ReplicaState? to) =>
        new(9, 1, default, "a", 1, "r1", ["SIM-0"], from, "", to, TransitionCause.Demand, "", 0, null);

    /// <summary>Looks into the store at the moment when an effect begins.</summary>
    private sealed class Witness(IStateStore store) : IEffects
    {
        public Channel<(IntentEffect Effect, Intent? Recorded)> Began { get; } = Channel.CreateUnbounded<(IntentEffect, Intent?)>();

        public void Start(EngineTarget target) => Look(IntentEffect.Start, target);

        public void Sleep(EngineTarget target) => Look(IntentEffect.Sleep, target);

        public void Wake(EngineTarget target) => Look(IntentEffect.Wake, target);

        public void Stop(EngineTarget target) => Look(IntentEffect.Stop, target);

        public void Canary(EngineTarget target)
        {
            // Not recorded: a part of its start or wake.
        }

        public void Look(EngineTarget target, IntentEffect? underWay)
        {
            // Changes nothing.
        }

        public void Probe(EngineTarget target, bool wasTrouble)
        {
            // Changes nothing.
        }

        public void ProbeExternal(Podvirt.Core.Models.ModelSpec model, string apiKey)
        {
            // Changes nothing.
        }

        public void Publish(RouteTable routes)
        {
            // Changes nothing.
        }

        public void SaveSleepOrder(string model, bool holds)
        {
            // Changes nothing.
        }

        public void SaveHistory(string model, StartHistory history)
        {
            // Changes nothing.
        }

        private void Look(IntentEffect effect, EngineTarget target)
        {
            var entry = store.GetAsync(Intent.KeyPrefix + target.Replica).AsTask().GetAwaiter().GetResult();
            Began.Writer.TryWrite((effect, entry?.Read<Intent>()));
        }
    }
}
