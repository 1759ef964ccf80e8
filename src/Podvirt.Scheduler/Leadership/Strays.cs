using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Leadership;

/// <summary>
/// Removes replicas that are there and that the leader does not know: those that it found and did not want, and those whose start by an
/// earlier leader, paused at the last moment, came through late. One whose machine is out of reach may take minutes: nothing waits for it.
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
        var removals = unwanted.ToDictionary(
            replica => replica.Replica, replica => RemoveAsync(replica.Replica, cancellationToken), StringComparer.Ordinal);
        var suspects = new HashSet<string>(StringComparer.Ordinal);
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var (replica, removal) in removals.Where(removal => removal.Value.IsCompleted).ToList())
                {
                    if (await removal)
                    {
                        removals.Remove(replica);
                    }
                    else
                    {
                        removals[replica] = RemoveAsync(replica, cancellationToken);
                    }
                }

                if (_known is not { } known)
                {
                    continue;
                }

                var unknown = runtime.List().Where(running => !known.Contains(running.Replica) && !removals.ContainsKey(running.Replica)).ToList();
                foreach (var stray in unknown.Where(running => suspects.Contains(running.Replica)))
                {
                    SchedulerLog.StrayRemoved(log, stray.Model, stray.Replica);
                    removals.Add(stray.Replica, RemoveAsync(stray.Replica, cancellationToken));
                }

                suspects = [.. unknown.Select(running => running.Replica)];
            }
        }
        finally
        {
            await Task.WhenAll(removals.Values);
        }
    }

    /// <returns>False: it may still be there.</returns>
    private async Task<bool> RemoveAsync(string stray, CancellationToken cancellationToken)
    {
        try
        {
            if (await mandate.ConfirmAsync(cancellationToken))
            {
                await runtime.StopAsync(stray, cancellationToken);
                return true;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || !mandate.Holds)
        {
            // Whoever comes next finds it.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            SchedulerLog.StrayLeft(log, stray, exception);
        }

        return false;
    }
}
