namespace Podvirt.Scheduler;

/// <summary>What engines wrote to their standard output and error.</summary>
public interface IReplicaLogs
{
    /// <summary>The last lines of the model's newest replica, also of a failed one; null when the model never had one here.</summary>
    ValueTask<string?> ReadTailAsync(string modelId, int lines, CancellationToken cancellationToken);
}
