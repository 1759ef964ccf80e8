using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

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
    FleetView fleet, CatalogStore catalog, ILedger ledger, RateBook rates, FailureLogs logs, ConfiguredGpus gpus, TimeProvider time) : IDisposable
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
            Priced(catalog.Applied ?? Catalog.Empty, time.GetUtcNow()), routes, fleet.Demand(), await TotalsAsync(cancellationToken),
            await logs.ReadAsync(routes, cancellationToken), gpus.Type, time.GetUtcNow()));
    }

    /// <summary>With the prices that hold now: those of the file may have been replaced since, or wait for theirs to be known.</summary>
    private Catalog Priced(Catalog file, DateTimeOffset now) => file with
    {
        Models = [.. file.Models.Select(m => rates.RateFor(m.Id, now) is { Version: > 0 } rate ? m with { Price = rate.ToPrice() } : m)],
    };

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
