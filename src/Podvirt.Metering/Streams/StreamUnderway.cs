using Microsoft.Extensions.Logging;
using NATS.Client.JetStream;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Streams;

/// <summary>
/// What is on the stream and not on the ledger, for those who enforce limits. Nobody publishes or appends behind a lock, so it is looked at twice:
/// before the ledger's sums are read and after; where a record went over in between, the sums are of neither moment.
/// </summary>
internal sealed partial class StreamUnderway(UsageStream stream, StreamChain chain, RangeReader reader, ILedger ledger, ILogger<StreamUnderway> log)
{
    /// <summary>Records that are held at a time, some 25 MB. Without trouble a fraction of a second's are under way; of a backlog the newest count.</summary>
    public const int RecordsMax = 50_000;

    /// <summary>The stream's messages that are not on the ledger.</summary>
    /// <exception cref="IOException">NATS or the ledger does not answer. The same call may succeed.</exception>
    public async ValueTask<IReadOnlyList<StreamMessage>> ReadAsync(CancellationToken cancellationToken)
    {
        if (await FactsAsync(cancellationToken) is not { } facts)
        {
            return [];
        }
        var state = await StateAsync(facts, cancellationToken);
        var first = Math.Max(facts.First, state.Open.Count > 0 ? Math.Min(state.Open[0].First, state.Next) : state.Next);
        if (first > facts.Last)
        {
            return [];
        }
        if (facts.Last - first >= RecordsMax)
        {
            LogTooMany(facts.Last + 1 - first, RecordsMax);
            first = facts.Last + 1 - RecordsMax;
        }
        return await WithoutTheLedgersAsync(await reader.ReadAsync(first, facts.Last, cancellationToken), state, cancellationToken);
    }

    /// <summary>None of them went to the ledger since they were read.</summary>
    /// <exception cref="IOException">NATS or the ledger does not answer.</exception>
    public async ValueTask<bool> StandsAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0 || await FactsAsync(cancellationToken) is not { } facts)
        {
            return messages.Count == 0;
        }
        var state = await StateAsync(facts, cancellationToken);
        return (await WithoutTheLedgersAsync(messages, state, cancellationToken)).Count == messages.Count;
    }

    private async ValueTask<StreamFacts?> FactsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await stream.FactsAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is NatsJSApiException { Error.Code: 404 })
        {
            // Nobody has published anything yet.
            return null;
        }
    }

    private async ValueTask<ChainState> StateAsync(StreamFacts facts, CancellationToken cancellationToken) =>
        await chain.ReadAsync(cancellationToken) is { } state && state.Incarnation == facts.Incarnation ? state : ChainState.Begin(facts);

    // A batch whose range is on the chain may have been appended already: nearly at one moment, so its first record tells.
    private async ValueTask<List<StreamMessage>> WithoutTheLedgersAsync(
        IReadOnlyList<StreamMessage> messages, ChainState state, CancellationToken cancellationToken)
    {
        var appended = new List<StreamClaim>();
        foreach (var claim in state.Open.Where(static c => c.Seal is not null))
        {
            var known = messages.FirstOrDefault(m => m.Record is not null && claim.Has(m.Sequence)).Record;
            if (known is not null && await ledger.FindAsync(known.Id, cancellationToken) is not null)
            {
                appended.Add(claim);
            }
        }
        return [.. messages.Where(m => state.IsUnderway(m.Sequence) && !appended.Exists(c => c.Has(m.Sequence)))];
    }

    [LoggerMessage(EventId = 4541, Level = LogLevel.Warning, Message = "{Count} usage records wait on the stream: of these, the newest {Counted} count against a limit that begins now")]
    private partial void LogTooMany(long count, int counted);
}
