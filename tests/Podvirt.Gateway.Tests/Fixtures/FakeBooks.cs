using System.Collections.Concurrent;
using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>Metering's answer: what was used before.</summary>
internal sealed class FakeBooks : IConsumption
{
    /// <summary>What each month has used already.</summary>
    public ConcurrentDictionary<UtcMonth, Consumed[]> Used { get; } = new();

    /// <summary>Reads wait for this.</summary>
    public Task Reading { get; set; } = Task.CompletedTask;

    /// <summary>How many reads fail before one succeeds.</summary>
    public int Failures { get; set; }

    public async ValueTask<IReadOnlyList<Consumed>> ReadAsync(UtcMonth month, CancellationToken cancellationToken = default)
    {
        await Reading.WaitAsync(cancellationToken);
        return Failures-- > 0 ? throw new IOException("the ledger is away") : Used.GetValueOrDefault(month) ?? [];
    }
}
