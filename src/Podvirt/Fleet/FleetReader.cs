using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Metering.Ledger;

namespace Podvirt.Fleet;

/// <summary>The type of all configured gpus, where they are of one type.</summary>
internal sealed record ConfiguredGpus(string? Type)
{
    public static ConfiguredGpus Of(GpuSource gpus)
    {
        var types = gpus.Devices?.Select(d => d.Type).Distinct(StringComparer.Ordinal).ToList();
        return new ConfiguredGpus(types is [var only] ? only : null);
    }
}

/// <summary>Puts the views of all models together.</summary>
internal sealed class FleetReader(
    FleetView fleet, CatalogStore catalog, ILedger ledger, FailureLogs logs, ConfiguredGpus gpus, TimeProvider time) : IDisposable
{
    /// <summary>Totals are for people: a second late is soon enough, and the ledger is spared.</summary>
    private static readonly TimeSpan _totalsLifetime = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _totalsGate = new(1, 1);
    private IReadOnlyDictionary<string, long> _totals = new Dictionary<string, long>(StringComparer.Ordinal);
    private DateTimeOffset _totalsAt = DateTimeOffset.MinValue;

    public async Task<ModelList> ListAsync(CancellationToken cancellationToken)
    {
        var routes = fleet.Routes;
        return ModelViews.List(new FleetSnapshot(
            catalog.Applied ?? Catalog.Empty, routes, fleet.Demand(), await TotalsAsync(cancellationToken),
            await logs.ReadAsync(routes, cancellationToken), gpus.Type, time.GetUtcNow()));
    }

    public void Dispose() => _totalsGate.Dispose();

    private async Task<IReadOnlyDictionary<string, long>> TotalsAsync(CancellationToken cancellationToken)
    {
        await _totalsGate.WaitAsync(cancellationToken);
        try
        {
            if (time.GetUtcNow() - _totalsAt >= _totalsLifetime)
            {
                _totals = await ledger.RequestTotalsAsync(cancellationToken);
                _totalsAt = time.GetUtcNow();
            }
            return _totals;
        }
        finally
        {
            _totalsGate.Release();
        }
    }
}
