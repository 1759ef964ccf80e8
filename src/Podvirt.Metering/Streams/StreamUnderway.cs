using Microsoft.Extensions.Logging;

namespace Podvirt.Metering.Streams;

/// <summary>
/// What is on the stream and has not been brought to the ledger, for those who enforce limits. Of a batch that is being brought the ledger may have records already.
/// </summary>
internal sealed partial class StreamUnderway(UsageStream stream, StreamChain chain, RangeReader reader, ILogger<StreamUnderway> log)
{
    /// <summary>Records that are held at a time, some 25 MB. Without trouble a fraction of a second's are under way; of a backlog the newest count.</summary>
    public const int RecordsMax = 50_000;

    /// <summary>In the stream's order.</summary>
    /// <exception cref="IOException">NATS does not answer. The same call may succeed.</exception>
    public async ValueTask<IReadOnlyList<StreamMessage>> ReadAsync(CancellationToken cancellationToken)
    {
        if (await stream.FindFactsAsync(cancellationToken) is not { } facts)
        {
            // Nobody has published anything yet.
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
        return [.. (await reader.ReadAsync(first, facts.Last, cancellationToken)).Where(m => state.IsUnderway(m.Sequence))];
    }

    private async ValueTask<ChainState> StateAsync(StreamFacts facts, CancellationToken cancellationToken) =>
        await chain.ReadAsync(cancellationToken) is { } state && state.Incarnation == facts.Incarnation ? state : ChainState.Begin(facts);

    [LoggerMessage(EventId = 4541, Level = LogLevel.Warning, Message = "{Count} usage records wait on the stream: of these, the newest {Counted} count against a limit that begins now")]
    private partial void LogTooMany(long count, int counted);
}
