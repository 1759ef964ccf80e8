using System.Text;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>
/// What engines write, read through Nomad. It is kept in this machine's log files too: Nomad forgets it with the job, and people want to
/// know why an engine ended.
/// </summary>
internal sealed partial class NomadRuntime
{
    /// <summary>A start is looked at many times a second, its log less often: each look is two questions to the node.</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>The last words of a replica are not waited for longer.</summary>
    private static readonly TimeSpan LastWordsMax = TimeSpan.FromSeconds(5);

    public async ValueTask<LogText> ReadLogAsync(string replica, LogPosition position, CancellationToken cancellationToken)
    {
        if (!_replicas.TryGetValue(replica, out var known)
            || (known.LogReadAt != 0 && _time.GetElapsedTime(known.LogReadAt) < LogInterval))
        {
            return new LogText("", position);
        }

        known.LogReadAt = _time.GetTimestamp();
        var read = await ReadBothAsync(known, position, cancellationToken);
        if (position == known.Kept)
        {
            await KeepAsync(known, read, cancellationToken);
        }

        return read;
    }

    private async Task<LogText> ReadBothAsync(NomadReplica replica, LogPosition position, CancellationToken cancellationToken)
    {
        var output = await ReadOneAsync(replica, "stdout", position.Output, cancellationToken);
        var errors = await ReadOneAsync(replica, "stderr", position.Errors, cancellationToken);
        return new LogText(
            Encoding.UTF8.GetString(output.Span) + Encoding.UTF8.GetString(errors.Span),
            new LogPosition(position.Output + output.Length, position.Errors + errors.Length));
    }

    /// <summary>Whole lines: half of one would say nothing to anybody.</summary>
    private async Task<ReadOnlyMemory<byte>> ReadOneAsync(NomadReplica replica, string stream, long offset, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await _client.LogsAsync(replica.Allocation, EngineJobs.Task, stream, fromEnd: false, offset, cancellationToken);
            return bytes.AsMemory(0, bytes.AsSpan().LastIndexOf((byte)'\n') + 1);
        }
        catch (NomadException)
        {
            // Nothing was written yet, or its node does not answer: an engine is judged by its health, not by its log.
            return default;
        }
    }

    /// <summary>All that it wrote and that has not been kept yet.</summary>
    private async Task KeepLogAsync(NomadReplica replica, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(LastWordsMax, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await KeepAsync(replica, await ReadBothAsync(replica, replica.Kept, both.Token), both.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            SchedulerLog.LogUnreadable(_log, replica.Running.Replica, $"no answer within {LastWordsMax.TotalSeconds:0} s");
        }
    }

    private async Task KeepAsync(NomadReplica replica, LogText read, CancellationToken cancellationToken)
    {
        await replica.LogGate.WaitAsync(cancellationToken);
        try
        {
            if (read.Text.Length > 0)
            {
                await File.AppendAllTextAsync(replica.LogPath, read.Text, cancellationToken);
                _logs.Bound(replica.LogPath);
            }

            replica.Kept = read.End;
        }
        catch (Exception exception) when (exception is (IOException and not NomadException) or UnauthorizedAccessException)
        {
            // A full disk here is no reason to fail an engine there.
            SchedulerLog.LogUnbounded(_log, replica.Running.Replica, exception.Message);
        }
        finally
        {
            replica.LogGate.Release();
        }
    }

    private async Task<string> LastErrorLineAsync(NomadReplica replica)
    {
        await KeepLogAsync(replica, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            return ReplicaLogFiles.LastErrorLine(replica.LogPath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            SchedulerLog.LogUnreadable(_log, replica.Running.Replica, exception.Message);
            return "";
        }
    }
}
