using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Microbenchmarks;

/// <summary>Everything costs nothing.</summary>
internal sealed class FreeRates : IRates
{
    public Rate RateFor(string model, DateTimeOffset endedAt) => new(model, 0, DateTimeOffset.UnixEpoch, 0, 0, 0);
}
