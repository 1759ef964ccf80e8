using Podvirt.Core.Projects;
using Podvirt.Metering.Invoices;

namespace Podvirt.Metering.Streams;

/// <summary>
/// What is on the stream. Gateways publish out of order, so no message says what stands behind it: a month waits until all that the stream had when
/// it was first asked for is on the ledger. What a gateway that was away publishes after that is late, and goes to the next invoice.
/// </summary>
internal sealed class PendingStream(UsageStream stream, StreamChain chain) : IPendingUsage
{
    private (UtcMonth Month, StreamFacts Facts)? _asked;

    public async ValueTask<bool> MayHoldAsync(UtcMonth month, CancellationToken cancellationToken)
    {
        var facts = await stream.FactsAsync(cancellationToken);
        if (_asked is not { } asked || asked.Month != month || asked.Facts.Incarnation != facts.Incarnation)
        {
            _asked = asked = (month, facts);
        }
        var state = await chain.ReadAsync(cancellationToken);
        var doneBefore = state is null || state.Incarnation != facts.Incarnation ? Math.Max(1, facts.First) : state.Open.Count > 0 ? state.Open[0].First : state.Next;
        return doneBefore <= asked.Facts.Last;
    }
}
