using System.Text.Json;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler;

/// <summary>What comes before the loop: the engines and the intents that an earlier run, or another leader, left.</summary>
internal sealed partial class SchedulerTerm
{
    private async Task<IReadOnlyList<EngineFound>> FindEnginesAsync(
        IReplicaRuntime runtime, IReadOnlyList<GpuDevice> gpus, IReadOnlyDictionary<string, LeftIntent> intents, CancellationToken cancellationToken)
    {
        var adoption = new Adoption(runtime, _options.ElectsLeader, IsRemote, _log);
        var found = await adoption.RunAsync(
            await ReadCatalogAsync(cancellationToken), gpus,
            replica => intents.GetValueOrDefault(replica) is { } left ? left.Intent?.Effect ?? IntentEffect.Stop : null,
            cancellationToken);
        _unwanted = adoption.Unwanted;
        return found;
    }

    /// <summary>What an earlier run had under way when it ended, by replica.</summary>
    private async Task<IReadOnlyDictionary<string, LeftIntent>> ReadIntentsAsync(CancellationToken cancellationToken)
    {
        var entries = await _store.ListAsync(Intent.KeyPrefix, cancellationToken);
        return entries.ToDictionary(
            entry => entry.Key[Intent.KeyPrefix.Length..], entry => new LeftIntent(entry, ReadIntent(entry)), StringComparer.Ordinal);
    }

    /// <summary>
    /// Says what an earlier run had under way with replicas that are no more, and removes those intents. Those of engines that
    /// were found hold on until it is known what they are.
    /// </summary>
    private async Task TellUnfinishedAsync(
        IReadOnlyDictionary<string, LeftIntent> intents, IReadOnlyList<EngineFound> found, CancellationToken cancellationToken)
    {
        foreach (var (replica, left) in intents)
        {
            if (found.Any(engine => engine.Target.Replica == replica))
            {
                continue;
            }

            if (left.Intent is { } intent)
            {
                SchedulerLog.IntentFound(_log, intent.Model, intent.Replica, intent.Effect, intent.Since);
                _publisher.Moved(new ReplicaTransition(
                    intent.Epoch, 0, _time.GetUtcNow(), intent.Model, intent.Revision, intent.Replica, intent.Gpus,
                    StateDuring(intent.Effect), "Lost", null, TransitionCause.Restart,
                    $"its {intent.Effect.ToString().ToLowerInvariant()} was under way when an earlier run ended",
                    Math.Max(0, (long)(_time.GetUtcNow() - intent.Since).TotalMilliseconds), null));
            }

            await _store.DeleteAsync(left.Entry.Key, left.Entry.Revision, cancellationToken);
        }
    }

    private static ReplicaState StateDuring(IntentEffect effect) => effect switch
    {
        IntentEffect.Start => ReplicaState.Starting,
        IntentEffect.Sleep => ReplicaState.FallingAsleep,
        IntentEffect.Wake => ReplicaState.Waking,
        _ => ReplicaState.Stopping,
    };

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

    /// <param name="Intent">Null: it cannot be read, and anything may have been under way.</param>
    private sealed record LeftIntent(StateEntry Entry, Intent? Intent);
}
