namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>The ledger's database. Nothing is asked of it before it is used, so that a process starts while ClickHouse is down.</summary>
internal sealed class ClickHouseDatabase(ClickHouseOptions options) : IDisposable
{
    private readonly ClickHouseStore _store = new(options);
    private readonly SemaphoreSlim _migration = new(1);
    private volatile bool _isReady;

    public ClickHouseOptions Options => options;

    /// <summary>The store, with this program's schema.</summary>
    /// <exception cref="IOException">ClickHouse does not answer: the next call tries again.</exception>
    /// <exception cref="InvalidOperationException">The schema is a newer program's.</exception>
    public ValueTask<ClickHouseStore> OpenAsync(CancellationToken cancellationToken) => _isReady ? ValueTask.FromResult(_store) : MigrateAsync(cancellationToken);

    public void Dispose()
    {
        _store.Dispose();
        _migration.Dispose();
    }

    private async ValueTask<ClickHouseStore> MigrateAsync(CancellationToken cancellationToken)
    {
        await _migration.WaitAsync(cancellationToken);
        try
        {
            if (!_isReady)
            {
                await LedgerMigration.RunAsync(_store, cancellationToken);
                _isReady = true;
            }
            return _store;
        }
        finally
        {
            _migration.Release();
        }
    }
}
