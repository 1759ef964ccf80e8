namespace Podvirt.Messaging.Tests.Leases;

/// <summary>A store of leases that can stop answering: at once with an error, or without a word.</summary>
internal sealed class GatedLeases(ILeases inner) : ILeases
{
    private TaskCompletionSource? _held;

    /// <summary>Calls fail.</summary>
    public bool Fails { get; set; }

    /// <summary>Calls hang until they are given up.</summary>
    public bool Hangs { get; set; }

    public int Renewals { get; private set; }

    public TimeSpan Period => inner.Period;

    /// <summary>Calls wait from now on until <see cref="Resume"/>.</summary>
    public void Pause() => _held = new TaskCompletionSource();

    public void Resume() => Interlocked.Exchange(ref _held, null)?.SetResult();

    public async ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        await PassAsync(cancellationToken);
        return await inner.TryTakeAsync(name, value, CancellationToken.None);
    }

    public async ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        Renewals++;
        await PassAsync(cancellationToken);
        return await inner.TryRenewAsync(lease, value, CancellationToken.None);
    }

    public async ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default)
    {
        await PassAsync(cancellationToken);
        await inner.ReleaseAsync(lease, CancellationToken.None);
    }

    public async ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        await PassAsync(cancellationToken);
        return await inner.ListAsync(prefix, CancellationToken.None);
    }

    private async Task PassAsync(CancellationToken cancellationToken)
    {
        if (_held is { } held)
        {
            await held.Task;
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (Fails)
        {
            throw new IOException("no route to the store");
        }
        if (Hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }
}
