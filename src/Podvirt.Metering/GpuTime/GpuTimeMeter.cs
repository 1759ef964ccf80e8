using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.GpuTime;

/// <summary>
/// Listens to the scheduler and writes down who held which gpus, every few seconds and at the end. A kill costs what was
/// since: the interval then ends where it was written last, and the next process begins with itself.
/// </summary>
internal sealed partial class GpuTimeMeter(IBus bus, ILedger ledger, TimeProvider time, ILogger<GpuTimeMeter> log) : BackgroundService
{
    /// <summary>What a kill may cost. The ledger is synced once for each, while replicas hold gpus.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>As many as the scheduler itself holds back for the bus.</summary>
    private const int QueueMax = 8192;

    private readonly Lock _gate = new();
    private readonly GpuTimeline _timeline = new(time.GetUtcNow());
    private IBusSubscription<ReplicaTransition>? _transitions;
    private IBusSubscription<FleetReport>? _reports;

    /// <summary>Replicas that are known to hold gpus.</summary>
    internal int Holds
    {
        get
        {
            lock (_gate)
            {
                return _timeline.Holders;
            }
        }
    }

    /// <summary>Subscribes before it returns: what the scheduler says first is heard.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _transitions = bus.Subscribe(Subjects.Transitions, QueueMax);
        _reports = bus.Subscribe(Subjects.Fleet);
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    /// <summary>Writes what has ended or grown since the last time.</summary>
    internal async Task WriteAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<GpuInterval> intervals;
        lock (_gate)
        {
            intervals = _timeline.Cut(time.GetUtcNow());
        }
        if (intervals.Count == 0)
        {
            return;
        }
        try
        {
            await ledger.AppendGpuTimeAsync(intervals, cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // They stay, and grow: the next time writes them.
            LogNotWritten(intervals.Count, e);
            return;
        }
        lock (_gate)
        {
            _timeline.Kept(intervals);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(HearTransitionsAsync(stoppingToken), HearReportsAsync(stoppingToken), WriteAgainAndAgainAsync(stoppingToken));

    private async Task HearTransitionsAsync(CancellationToken stopping)
    {
        await foreach (var transition in _transitions!.ReadAllAsync(stopping))
        {
            lock (_gate)
            {
                _timeline.Apply(transition);
            }
        }
    }

    private async Task HearReportsAsync(CancellationToken stopping)
    {
        await foreach (var report in _reports!.ReadAllAsync(stopping))
        {
            lock (_gate)
            {
                _timeline.Apply(report, time.GetUtcNow());
            }
        }
    }

    private async Task WriteAgainAndAgainAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            await WriteAsync(stopping);
        }
    }

    [LoggerMessage(EventId = 4401, Level = LogLevel.Warning, Message = "{Count} intervals of gpu time could not be written; they are tried again")]
    private partial void LogNotWritten(int count, Exception error);
}
