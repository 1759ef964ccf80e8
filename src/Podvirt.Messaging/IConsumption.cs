using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Messaging;

/// <summary>What the records that are durable add up to, month by month. Metering's answer to those who enforce limits.</summary>
public interface IConsumption
{
    /// <summary>Everything that ended in the month, by project, key and model: what is on the ledger, and what is on its way there.</summary>
    ValueTask<IReadOnlyList<Consumed>> ReadAsync(UtcMonth month, CancellationToken cancellationToken = default);
}

/// <summary>What one key used of one model within a month.</summary>
/// <param name="Key">Empty for the console's playground.</param>
/// <param name="Tokens">Prompt and completion, as far as they are billed.</param>
/// <param name="Cost">As first rated: what a re-rating adjusts changes no limit of the past.</param>
public sealed record Consumed(string Project, string Key, string Model, long Tokens, long VideoUs, Cost Cost);
