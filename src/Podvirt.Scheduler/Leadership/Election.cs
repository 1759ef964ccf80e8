using System.Globalization;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;

namespace Podvirt.Scheduler.Leadership;

/// <summary>
/// One process of several that may lead. It stands by until the lease is free, leads while it holds it, and stands by again. A free
/// lease is noticed within a third of a period, and at once where a leader left in order.
/// </summary>
internal sealed class Election(
    ILeases leases, IStateStore store, string name, TimeProvider time, SchedulerMetrics metrics, ILogger log) : ISchedulerStatus
{
    public const string LeaseName = "leader/scheduler";

    private readonly Lock _gate = new();
    private SchedulerStatus _status = new(SchedulerRole.Standby, time.GetUtcNow(), 0, "", IsAlone: false, null);
    private LeaseHold? _hold;
    private long _highest;
    private TaskCompletionSource _vacated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SchedulerStatus Current
    {
        get
        {
            lock (_gate)
            {
                // A lease that is over says so before its term has come to its end.
                return _hold is { Holds: false } ? _status with { Role = SchedulerRole.Standby } : _status;
            }
        }
    }

    /// <summary>The name under which it leads.</summary>
    public static string ProcessName { get; } = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");

    /// <param name="lead">Returns when the lease has ended, or when it was told to leave; then it leaves nothing running.</param>
    /// <param name="cancellationToken">Leaves in order: the lease is released.</param>
    public async Task RunAsync(Func<LeaseHold, Task> lead, CancellationToken cancellationToken)
    {
        var watching = WatchAsync(cancellationToken);
        SchedulerLog.StandsBy(log, name);
        while (await StandByAsync(cancellationToken) is { } hold)
        {
            await using (hold)
            {
                Become(SchedulerRole.Leader, hold);
                metrics.BeganToLead();
                await lead(hold);
                Become(SchedulerRole.Standby, null);
                metrics.EndedToLead(wasLost: !hold.Holds);
                if (hold.Holds)
                {
                    await hold.ReleaseAsync();
                    SchedulerLog.LeftLead(log, name);
                }
                else
                {
                    SchedulerLog.LostLead(log, name, hold.Ending);
                }
            }
        }

        await watching;
    }

    /// <summary>Of all epochs that were heard of here, the ones that the store has lost since included.</summary>
    public long Highest
    {
        get
        {
            lock (_gate)
            {
                return _highest;
            }
        }
    }

    /// <summary>Somebody works by this epoch, whatever the store says of it.</summary>
    public void HearOf(long epoch)
    {
        lock (_gate)
        {
            _highest = Math.Max(_highest, epoch);
        }
    }

    /// <summary>Its epoch is raised: it leads.</summary>
    public void Lead(long epoch)
    {
        lock (_gate)
        {
            _highest = Math.Max(_highest, epoch);
            _status = _status with { Epoch = epoch, Leader = name };
        }
    }

    private async Task<LeaseHold?> StandByAsync(CancellationToken cancellationToken)
    {
        var value = StateJson.ToBytes(new Candidate(name, time.GetUtcNow()));
        while (!cancellationToken.IsCancellationRequested)
        {
            var vacated = Vacated();
            if (await TryTakeAsync(value, cancellationToken) is { } hold)
            {
                return hold;
            }

            await WaitAsync(vacated, cancellationToken);
        }

        return null;
    }

    private async Task<LeaseHold?> TryTakeAsync(ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(leases.Period, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var hold = await LeaseHold.TryTakeAsync(leases, LeaseName, value, time, log, both.Token);
            Note(null);
            return hold;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (Note(exception is OperationCanceledException ? "the lease store does not answer" : exception.Message))
            {
                SchedulerLog.LeaseUntaken(log, exception);
            }

            return null;
        }
    }

    /// <summary>Until it is worth another try.</summary>
    private async Task WaitAsync(Task vacated, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(vacated, Task.Delay(leases.Period / 3, time, enough.Token));
        await enough.CancelAsync();
    }

    private Task WatchAsync(CancellationToken cancellationToken) => store.FollowAsync(
        EpochRecord.Key,
        change =>
        {
            if (change is { Key: EpochRecord.Key, Entry: { } entry })
            {
                Hear(entry.Read<EpochRecord>());
            }
        },
        error => SchedulerLog.TaskFailed(log, "watch of the leader", error), time, cancellationToken);

    private void Hear(EpochRecord record)
    {
        lock (_gate)
        {
            _highest = Math.Max(_highest, record.Epoch);
            if (record.Epoch >= _status.Epoch)
            {
                _status = _status with { Epoch = record.Epoch, Leader = record.IsVacant ? "" : record.Leader };
            }

            if (record.IsVacant)
            {
                _vacated.TrySetResult();
                _vacated = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private Task Vacated()
    {
        lock (_gate)
        {
            return _vacated.Task;
        }
    }

    private void Become(SchedulerRole role, LeaseHold? hold)
    {
        lock (_gate)
        {
            _hold = hold;
            _status = _status with { Role = role, Since = time.GetUtcNow() };
        }
    }

    /// <returns>True: it is new.</returns>
    private bool Note(string? problem)
    {
        lock (_gate)
        {
            var isNew = problem is not null && _status.Problem is null;
            _status = _status with { Problem = problem };
            return isNew;
        }
    }

    /// <summary>The value of the lease.</summary>
    private sealed record Candidate(string Scheduler, DateTimeOffset Since);
}
