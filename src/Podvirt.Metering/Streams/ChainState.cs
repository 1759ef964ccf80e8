using Podvirt.Messaging;

namespace Podvirt.Metering.Streams;

/// <summary>
/// How far the stream has been handed out: one chain of ranges without a gap, kept under one key and changed by compare-and-set
/// only. What stands before <see cref="Next"/> and in no open claim is on the ledger. Pure: every change makes a new state.
/// </summary>
/// <param name="Incarnation">Of the stream whose places these are.</param>
/// <param name="Next">The first place that nobody has claimed.</param>
/// <param name="TailSequence">The last place that was sealed; 0: none. Its message stays on the stream: it tells whether that is still the same one.</param>
/// <param name="TailNs">When the stream took it, in nanoseconds since 1970.</param>
/// <param name="Open">Claims that are not on the ledger yet, in order.</param>
internal sealed record ChainState(string Incarnation, long Next, long TailSequence, long TailNs, IReadOnlyList<StreamClaim> Open)
{
    /// <summary>Everything before this is on the ledger, and needed no more.</summary>
    public long DoneBefore => Math.Min(Open.Count > 0 ? Open[0].First : Next, TailSequence);

    /// <summary>Places that are not on the ledger, of a stream that ends there.</summary>
    public long Backlog(long last) => Math.Max(0, last + 1 - Next) + Open.Sum(c => c.Last + 1 - c.First);

    /// <summary>What stands there is not known to be on the ledger.</summary>
    public bool IsUnderway(long place) => place >= Next || Open.Any(c => c.Has(place));

    /// <summary>Everything that the stream has is to be handed out. The ledger knows what it has.</summary>
    public static ChainState Begin(StreamFacts facts) => new(facts.Incarnation, Math.Max(1, facts.First), 0, 0, []);

    public StreamClaim? ClaimOf(string worker) => Open.FirstOrDefault(c => c.Worker == worker);

    public StreamClaim? Find(long first) => Open.FirstOrDefault(c => c.First == first);

    /// <summary>Hands out the next range; null: there is nothing behind <see cref="Next"/>.</summary>
    public ChainState? Extend(string worker, long last, int countMax) => last < Next
        ? null
        : this with
        {
            Next = Math.Min(last, Next + countMax - 1) + 1,
            Open = [.. Open, new StreamClaim(Next, Math.Min(last, Next + countMax - 1), worker, null)],
        };

    /// <summary>Hands a claim whose worker is gone to another one, as it stands; null: it is done, or in other hands.</summary>
    public ChainState? Adopt(StreamClaim claim, string worker) =>
        Find(claim.First) == claim ? Replace(claim, claim with { Worker = worker }) : null;

    /// <summary>Notes what is in a claim, before any of it goes to the ledger; null: it is not this worker's any more.</summary>
    public ChainState? Seal(long first, string worker, ClaimSeal seal, long tailSequence, long tailNs)
    {
        if (Find(first) is not { } claim || claim.Worker != worker)
        {
            return null;
        }
        var next = Replace(claim, claim with { Seal = seal });
        return tailSequence > TailSequence ? next with { TailSequence = tailSequence, TailNs = tailNs } : next;
    }

    /// <summary>
    /// All of a claim is on the ledger, by whomever; null: there is no such claim. One that begins at the same place, in a chain that has begun anew, is another one:
    /// it has more places, or another set.
    /// </summary>
    public ChainState? Done(long first, long last, ClaimSeal seal) =>
        Find(first) is { Seal: { } sealedAs } claim && claim.Last == last && sealedAs.IsOfSameSet(seal) ? this with { Open = [.. Open.Where(c => c != claim)] } : null;

    private ChainState Replace(StreamClaim claim, StreamClaim by) => this with { Open = [.. Open.Select(c => c == claim ? by : c)] };
}

/// <summary>A range of the stream that one worker brings to the ledger.</summary>
/// <param name="Worker">Who; its lease says whether it lives.</param>
/// <param name="Seal">Null: nothing of it has gone to the ledger.</param>
internal sealed record StreamClaim(long First, long Last, string Worker, ClaimSeal? Seal)
{
    public bool Has(long place) => place >= First && place <= Last;
}

/// <summary>The exact set of a claim.</summary>
/// <param name="Count">Messages.</param>
/// <param name="Digest">Of their places and times: of the same messages the same, of others another.</param>
/// <param name="Refused">Parts that the ledger refused, as <c>FROM+COUNT</c> of its records, separated by spaces: they go there in halves, whoever brings them.</param>
/// <param name="Rates">By what it is rated, as <see cref="BatchRates.Versions"/>; null: whoever sealed it did not say.</param>
internal sealed record ClaimSeal(int Count, string Digest, string Refused, string? Rates = null)
{
    public bool IsOfSameSet(ClaimSeal other) => Count == other.Count && Digest == other.Digest;
}

/// <summary>The chain in the state store, under <see cref="Key"/>.</summary>
internal sealed class StreamChain(IStateStore store)
{
    public const string Key = "metering/stream";

    /// <summary>Null: no worker has ever looked at the stream.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    public async ValueTask<ChainState?> ReadAsync(CancellationToken cancellationToken) =>
        (await store.GetAsync(Key, cancellationToken))?.Read<ChainState>();

    /// <summary>
    /// Changes the chain as it is at this moment, tried again where another change comes first. Null, and nothing is changed, where
    /// <paramref name="change"/> says null.
    /// </summary>
    /// <exception cref="IOException">The store does not answer: the change may be done.</exception>
    public async ValueTask<ChainState?> ChangeAsync(Func<ChainState?, ChainState?> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await store.GetAsync(Key, cancellationToken);
            if (change(entry?.Read<ChainState>()) is not { } changed)
            {
                return null;
            }
            var bytes = StateJson.ToBytes(changed);
            var revision = entry is null
                ? await store.CreateAsync(Key, bytes, cancellationToken)
                : await store.UpdateAsync(Key, bytes, entry.Revision, cancellationToken);
            if (revision is not null)
            {
                return changed;
            }
        }
    }
}
