using System.Text.Json;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler;

/// <summary>What comes before the loop: the engines and the intents that a crashed run left.</summary>
internal sealed partial class SchedulerService
{
    private async Task<IReadOnlyList<Adopted>> AdoptAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken)
    {
        var catalog = await ReadCatalogAsync(cancellationToken);
        var changing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var intent in await _store.ListAsync(Intent.KeyPrefix, cancellationToken))
        {
            if (ReadIntent(intent) is not { Effect: IntentEffect.Start })
            {
                changing.Add(intent.Key[Intent.KeyPrefix.Length..]);
            }
        }

        return await new Adoption(_runtime, _steps, _log).RunAsync(
            catalog, gpus, changing.Contains, cancellationToken);
    }

    private Intent? ReadIntent(StateEntry entry)
    {
        try
        {
            return entry.Read<Intent>();
        }
        catch (JsonException exception)
        {
            SchedulerLog.IntentUnreadable(_log, entry.Key, exception);
            return null;
        }
    }

    /// <summary>One that cannot be read wants no engine.</summary>
    private async Task<Catalog> ReadCatalogAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await _store.GetAsync(Catalog.StateKey, cancellationToken))?.Read<Catalog>() ?? Catalog.Empty;
        }
        catch (JsonException exception)
        {
            SchedulerLog.CatalogUnreadable(_log, exception);
            return Catalog.Empty;
        }
    }
}
