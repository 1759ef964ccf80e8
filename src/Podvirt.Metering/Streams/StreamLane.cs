using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;

namespace Podvirt.Metering.Streams;

/// <summary>
/// Brings ranges of the stream to the ledger, one at a time, each exactly once however often anything dies:
/// 1. take a range: the own one that was begun, else one whose worker is gone, else the next; by compare-and-set of the chain;
/// 2. read its messages by their places; 3. seal it: note in the chain what the set is and by which rates it is billed, while it still is in these hands;
/// 4. append the set under a token that is made of the stream, the range and the set, so that a repetition is one;
/// 5. tell the outboxes; 6. take the range off the chain; 7. purge what the ledger has.
/// <para>Nothing of a range is purged before it is off the chain, and sealing proves that it still was on it after it had been read:
/// so whoever repeats it reads the same set, or learns that it is done. Where the stream itself is not what the chain says, because servers lost
/// what they had acknowledged, or somebody made it anew, all that it has is handed out again: the ledger knows ids.</para>
/// </summary>
internal sealed partial class StreamLane(
    string name, UsageStream stream, RangeReader reader, StreamChain chain, BatchWriter writer, RecordedNews news, ILeases leases, UsageStreamOptions options,
    ILogger<StreamLane> log)
{
    private long _underWayNs;

    /// <summary>When the stream took the oldest record of the batch that is under way, in nanoseconds since 1970; 0: none is.</summary>
    public long UnderWayNs => Interlocked.Read(ref _underWayNs);

    /// <summary>False: there was nothing to bring.</summary>
    /// <exception cref="IOException">NATS does not answer. The next step goes on where this one was.</exception>
    public async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        var facts = await stream.FactsAsync(cancellationToken);
        var state = await chain.ReadAsync(cancellationToken);
        if (!Fits(state, facts))
        {
            return await BeginAnewAsync(state, facts, "it is another one, or has lost its end", cancellationToken);
        }
        if (await TakeAsync(state!, facts, cancellationToken) is not { } claim)
        {
            return false;
        }
        await BringAsync(claim, facts, cancellationToken);
        return true;
    }

    private static bool Fits(ChainState? state, StreamFacts facts) =>
        state is not null && state.Incarnation == facts.Incarnation && state.Next <= facts.Last + 1;

    private async ValueTask<StreamClaim?> TakeAsync(ChainState state, StreamFacts facts, CancellationToken cancellationToken)
    {
        if (state.ClaimOf(name) is { } own)
        {
            return own;
        }
        if (state.Open.Count > 0 && await OrphanAsync(state, cancellationToken) is { } orphan)
        {
            LogAdopted(name, orphan.First, orphan.Last, orphan.Worker);
            return (await chain.ChangeAsync(s => s?.Adopt(orphan, name), cancellationToken))?.ClaimOf(name);
        }
        if (facts.Last < state.Next)
        {
            return null;
        }
        if (state.TailSequence > 0 && await stream.StoredNsAsync(state.TailSequence, cancellationToken) != state.TailNs)
        {
            await BeginAnewAsync(state, facts, "the last message that was read is not what it was", cancellationToken);
            return null;
        }
        // Over exactly the state whose tail was looked at.
        var extended = await chain.ChangeAsync(
            s => s is not null && s.TailSequence == state.TailSequence ? s.Extend(name, facts.Last, options.BatchMax) : null, cancellationToken);
        return extended?.ClaimOf(name);
    }

    private async ValueTask<StreamClaim?> OrphanAsync(ChainState state, CancellationToken cancellationToken)
    {
        var alive = (await leases.ListAsync(UsageWorker.LeasePrefix, cancellationToken)).Select(l => l.Name).ToHashSet(StringComparer.Ordinal);
        return state.Open.FirstOrDefault(c => !alive.Contains(UsageWorker.LeaseOf(c.Worker)));
    }

    private async ValueTask BringAsync(StreamClaim claim, StreamFacts facts, CancellationToken cancellationToken)
    {
        var messages = await reader.ReadAsync(claim.First, claim.Last, cancellationToken);
        var set = new ClaimSeal(messages.Count, DigestOf(messages), claim.Seal?.Refused ?? "");
        var rates = await writer.RatesAsync(messages, claim.Seal is { } known && known.IsOfSameSet(set) ? known.Rates : null, cancellationToken);
        var seal = set with { Rates = rates.Versions };
        var (tail, tailNs) = messages.Count > 0 ? (messages[^1].Sequence, messages[^1].StoredNs) : (0, 0);
        if (await chain.ChangeAsync(s => s?.Seal(claim.First, name, seal, tail, tailNs), cancellationToken) is not { } state)
        {
            LogNotMine(name, claim.First, claim.Last);
            return;
        }
        if (claim.Seal is { } before && !before.IsOfSameSet(seal))
        {
            var why = $"the range {claim.First} to {claim.Last} was begun with {before.Count} messages, and has {seal.Count} or others";
            await BeginAnewAsync(state, facts, why, cancellationToken);
            return;
        }
        Interlocked.Exchange(ref _underWayNs, messages.Count > 0 ? messages[0].StoredNs : 0);
        bool isMine;
        try
        {
            var token = string.Create(CultureInfo.InvariantCulture, $"{UsageStream.Name}:{facts.Incarnation}:{claim.First}-{claim.Last}:{seal.Digest}");
            isMine = await writer.WriteAsync(
                token, facts.Incarnation, messages, rates, seal.Refused,
                (refused, ended) => NoteAsync(claim, seal with { Refused = refused }, tail, tailNs, ended), cancellationToken);
        }
        finally
        {
            Interlocked.Exchange(ref _underWayNs, 0);
        }
        if (!isMine)
        {
            LogNotMine(name, claim.First, claim.Last);
            return;
        }
        // Before it is off the chain: an outbox that sees it go waits for no news any more.
        await news.TellAsync(messages, cancellationToken);
        var done = await chain.ChangeAsync(s => s?.Done(claim.First, claim.Last, seal), cancellationToken);
        if (done is { DoneBefore: > 1 } && done.DoneBefore > facts.First)
        {
            await stream.PurgeAsync(done.DoneBefore, cancellationToken);
        }
    }

    /// <summary>From now on, whoever has the claim brings it in these parts. False: it is in other hands.</summary>
    private async ValueTask<bool> NoteAsync(StreamClaim claim, ClaimSeal seal, long tail, long tailNs, CancellationToken cancellationToken) =>
        await chain.ChangeAsync(s => s?.Seal(claim.First, name, seal, tail, tailNs), cancellationToken) is not null;

    /// <summary>True: there is something to do at once.</summary>
    private async ValueTask<bool> BeginAnewAsync(ChainState? seen, StreamFacts facts, string why, CancellationToken cancellationToken)
    {
        var changed = await chain.ChangeAsync(s => SameAs(s, seen) ? ChainState.Begin(facts) : null, cancellationToken);
        if (changed is not null && seen is not null)
        {
            LogAnew(why, facts.First, facts.Last, seen.Next);
        }
        return true;
    }

    // Lists compare by identity: what moves is compared.
    private static bool SameAs(ChainState? a, ChainState? b) =>
        a is null ? b is null : b is not null && a.Incarnation == b.Incarnation && a.Next == b.Next && a.TailSequence == b.TailSequence && a.Open.SequenceEqual(b.Open);

    /// <summary>Of places and times: a place that was given anew has another time.</summary>
    private static string DigestOf(List<StreamMessage> messages)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[2 * sizeof(long)];
        foreach (var message in messages)
        {
            BinaryPrimitives.WriteInt64LittleEndian(numbers, message.Sequence);
            BinaryPrimitives.WriteInt64LittleEndian(numbers[sizeof(long)..], message.StoredNs);
            hash.AppendData(numbers);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 12));
    }

    [LoggerMessage(EventId = 4501, Level = LogLevel.Warning, Message = "{Lane} takes over the usage from {First} to {Last}: {Worker} is gone")]
    private partial void LogAdopted(string lane, long first, long last, string worker);

    [LoggerMessage(EventId = 4502, Level = LogLevel.Debug, Message = "{Lane} leaves the usage from {First} to {Last}: it is done, or in other hands")]
    private partial void LogNotMine(string lane, long first, long last);

    [LoggerMessage(EventId = 4503, Level = LogLevel.Error, Message = "The stream of usage is not the one that was read: {Why}. All that it has, {First} to {Last}, goes to the ledger again, which knows what it has; before, {Next} was next")]
    private partial void LogAnew(string why, long first, long last, long next);
}
