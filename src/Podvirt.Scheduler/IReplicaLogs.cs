namespace Podvirt.Scheduler;

/// <summary>What engines wrote to their standard output and error.</summary>
public interface IReplicaLogs
{
    /// <summary>The last lines of the model's newest replica, also of a failed one; null when the model never had one here.</summary>
    ValueTask<string?> ReadTailAsync(string modelId, int lines, CancellationToken cancellationToken);

    /// <summary>The last lines of one replica, also of one that is gone; null when there is no log of it here.</summary>
    ValueTask<string?> ReadReplicaTailAsync(string replicaId, int lines, CancellationToken cancellationToken);

    /// <summary>
    /// What the model's replicas wrote after <paramref name="after"/>: empty when there is nothing new. Where one has no more
    /// to say and a newer one exists, the newer one's log from its beginning.
    /// </summary>
    /// <param name="modelId">The model.</param>
    /// <param name="after">Where the last part ended; null: begins with the newest replica's last <paramref name="lines"/> lines.</param>
    /// <param name="lines">See <paramref name="after"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<LogPart> ReadOnAsync(string modelId, LogPart? after, int lines, CancellationToken cancellationToken);
}

/// <param name="Replica">Whose log; empty while the model has none.</param>
/// <param name="End">The offset in bytes at which this part ends.</param>
/// <param name="Text">UTF-8.</param>
public sealed record LogPart(string Replica, long End, ReadOnlyMemory<byte> Text);
