using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.GpuTime;

/// <summary>
/// The gpu time of a cluster, written down by one leader at a time. Every worker hears the scheduler; who leads does, every few seconds:
/// 1. bring the timeline up to what was heard, 2. cut it, 3. keep the whole timeline in the state store, by compare-and-set, 4. append the
/// intervals to the ledger.
/// <para>The next leader begins with the timeline that the last one kept, and with the transitions that it has heard itself since: so it knows
/// every interval that can be on the ledger and goes on with the same ones, which the ledger keeps once, the longest of each. A former leader that
/// wakes up cannot keep its timeline any more, and what it still appends the next one has appended too.</para>
/// </summary>
internal sealed partial class GpuTimeLeader(IBus bus, IStateStore store, ILedger ledger, TimeProvider time, ILogger<GpuTimeLeader> log) : IHostedService, IAsyncDisposable
{
    public const string Key = "metering/gpu_time";

    /// <summary>Transitions that are remembered between two leaders: what a large fleet does within a minute.</summary>
    private const int HeardMax = 8192;

    private readonly Lock _gate = new();
    private readonly Queue<ReplicaTransition> _heard = new();
    private readonly CancellationTokenSource _stop = new();
    private FleetReport? _report;
    private IBusSubscription<ReplicaTransition>? _transitions;
    private IBusSubscription<FleetReport>? _reports;
    private Task _hearing = Task.CompletedTask;

    /// <summary>Subscribes before it returns: what the scheduler says first is heard.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _transitions = bus.Subscribe(Subjects.Transitions, HeardMax);
        _reports = bus.Subscribe(Subjects.Fleet);
        _hearing = Task.WhenAll(HearTransitionsAsync(_transitions), HearReportsAsync(_reports));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _hearing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        if (_transitions is not null)
        {
            await _transitions.DisposeAsync();
        }
        if (_reports is not null)
        {
            await _reports.DisposeAsync();
        }
    }

    /// <summary>Transitions that are not in the store's timeline, as far as is known here.</summary>
    internal int Heard
    {
        get
        {
            lock (_gate)
            {
                return _heard.Count;
            }
        }
    }

    /// <summary>Whether a report waits to be brought in.</summary>
    internal bool HasReport
    {
        get
        {
            lock (_gate)
            {
                return _report is not null;
            }
        }
    }

    /// <summary>While this worker leads. Ends when another one has kept its timeline, or with the token.</summary>
    public async Task LeadAsync(CancellationToken held)
    {
        Turn? turn = null;
        while (!held.IsCancellationRequested)
        {
            try
            {
                turn ??= await BeginAsync(held);
                if (!await WriteAsync(turn, held))
                {
                    LogSuperseded();
                    turn = null;
                }
            }
            catch (OperationCanceledException) when (held.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Intervals stay and grow; what the store has is looked at anew.
                LogNotWritten(e);
                turn = null;
            }
            await Task.Delay(GpuTimeMeter.Interval, time, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Goes on where the last leader was.</summary>
    internal async Task<Turn> BeginAsync(CancellationToken cancellationToken)
    {
        var entry = await store.GetAsync(Key, cancellationToken);
        var state = entry?.Read<GpuTimelineState>() ?? new GpuTimelineState(time.GetUtcNow(), 0, 0, [], []);
        return new Turn(GpuTimeline.Restore(state)) { Revision = entry?.Revision, Epoch = state.Epoch, Sequence = state.Sequence };
    }

    /// <summary>False: another leader has kept its own.</summary>
    internal async Task<bool> WriteAsync(Turn turn, CancellationToken cancellationToken)
    {
        Apply(turn);
        var now = time.GetUtcNow();
        var intervals = turn.Timeline.Cut(now);
        if (intervals.Count == 0 && turn.Timeline.Holders == 0 && turn.Revision is not null)
        {
            return true;
        }
        var bytes = StateJson.ToBytes(turn.Timeline.State(now, turn.Epoch, turn.Sequence));
        turn.Revision = turn.Revision is { } revision
            ? await store.UpdateAsync(Key, bytes, revision, cancellationToken)
            : await store.CreateAsync(Key, bytes, cancellationToken);
        if (turn.Revision is null)
        {
            return false;
        }
        Forget(turn);
        if (intervals.Count > 0)
        {
            await ledger.AppendGpuTimeAsync(intervals, cancellationToken);
            turn.Timeline.Kept(intervals);
        }
        return true;
    }

    private static bool IsAfter(ReplicaTransition transition, long epoch, long sequence) =>
        transition.Epoch > epoch || (transition.Epoch == epoch && transition.Sequence > sequence);

    private void Apply(Turn turn)
    {
        lock (_gate)
        {
            // They stay: only what the store has is certain.
            foreach (var transition in _heard.Where(t => IsAfter(t, turn.Epoch, turn.Sequence)))
            {
                turn.Timeline.Apply(transition);
                (turn.Epoch, turn.Sequence) = (transition.Epoch, transition.Sequence);
            }
            if (_report is { } report)
            {
                turn.Timeline.Apply(report, time.GetUtcNow());
                _report = null;
            }
        }
    }

    /// <summary>The store has these.</summary>
    private void Forget(Turn turn)
    {
        lock (_gate)
        {
            while (_heard.TryPeek(out var oldest) && !IsAfter(oldest, turn.Epoch, turn.Sequence))
            {
                _heard.Dequeue();
            }
        }
    }

    private async Task HearTransitionsAsync(IBusSubscription<ReplicaTransition> transitions)
    {
        await foreach (var transition in transitions.ReadAllAsync(_stop.Token))
        {
            lock (_gate)
            {
                if (_heard.Count == HeardMax)
                {
                    _heard.Dequeue();
                }
                _heard.Enqueue(transition);
            }
        }
    }

    private async Task HearReportsAsync(IBusSubscription<FleetReport> reports)
    {
        await foreach (var report in reports.ReadAllAsync(_stop.Token))
        {
            lock (_gate)
            {
                _report = report;
            }
        }
    }

    [LoggerMessage(EventId = 4411, Level = LogLevel.Warning, Message = "Gpu time could not be written; it is tried again")]
    private partial void LogNotWritten(Exception error);

    [LoggerMessage(EventId = 4412, Level = LogLevel.Warning, Message = "Another worker writes down gpu time; this one begins with what that one kept")]
    private partial void LogSuperseded();

    /// <summary>One leader's timeline, and what of it the store has.</summary>
    internal sealed class Turn(GpuTimeline timeline)
    {
        public GpuTimeline Timeline => timeline;

        public long? Revision { get; set; }

        public long Epoch { get; set; }

        public long Sequence { get; set; }
    }
}
