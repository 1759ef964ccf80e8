using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Leadership;

/// <summary>
/// Removes replicas that run and that the leader does not know: those that it found and did not want, and those whose start by an earlier
/// leader, paused at the last moment, came through late.
/// </summary>
internal sealed class Strays(IReplicaRuntime runtime, Mandate mandate, TimeProvider time, ILogger log) : ILoopListener
{
    /// <summary>
    /// Unknown at two looks in a row: in between the loop has told at least twice what it knows, so that one that it has just placed
    /// is never taken for a stray.
    /// </summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Null before the loop has told for the first time.</summary>
    private volatile HashSet<string>? _known;

    public void Moved(ReplicaTransition transition)
    {
        // The fleet as a whole tells what there is.
    }

    public void Show(FleetReport report) => _known = [.. report.Replicas.Select(replica => replica.Id)];

    /// <param name="unwanted">To be removed at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(IReadOnlyList<RunningReplica> unwanted, CancellationToken cancellationToken)
    {
        await Task.WhenAll(unwanted.Select(replica => RemoveAsync(replica, cancellationToken)));
        var suspects = new HashSet<string>(StringComparer.Ordinal);
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (_known is not { } known)
            {
                continue;
            }

            var unknown = runtime.List().Where(running => !known.Contains(running.Replica)).ToList();
            var strays = unknown.Where(running => suspects.Contains(running.Replica)).ToList();
            foreach (var stray in strays)
            {
                SchedulerLog.StrayRemoved(log, stray.Model, stray.Replica);
            }

            await Task.WhenAll(strays.Select(stray => RemoveAsync(stray, cancellationToken)));
            suspects = [.. unknown.Select(running => running.Replica)];
        }
    }

    private async Task RemoveAsync(RunningReplica stray, CancellationToken cancellationToken)
    {
        try
        {
            if (await mandate.ConfirmAsync(cancellationToken))
            {
                await runtime.StopAsync(stray.Replica, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || !mandate.Holds)
        {
            // Whoever comes next finds it.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            SchedulerLog.StrayLeft(log, stray.Replica, exception);
        }
    }
}
