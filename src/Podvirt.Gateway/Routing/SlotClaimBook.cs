using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Routing;

/// <summary>The claims of all gateways as the state store has them, and the means to change this one's.</summary>
internal sealed class SlotClaimBook(IStateStore store, Membership membership)
{
    private readonly ConcurrentDictionary<string, ClaimedSlots> _entries = new(StringComparer.Ordinal);

    /// <summary>Follows the claims, and yields each replica whose claims have changed.</summary>
    public async IAsyncEnumerable<string> FollowAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What was known before and is not listed went while nobody followed.
        var unseen = _entries.ToDictionary(StringComparer.Ordinal);
        await foreach (var change in store.WatchAsync(SlotClaims.KeyPrefix, cancellationToken))
        {
            if (change.IsCaughtUp)
            {
                foreach (var gone in unseen.Where(_entries.TryRemove))
                {
                    yield return gone.Key;
                }
                continue;
            }
            var replica = change.Key[SlotClaims.KeyPrefix.Length..];
            unseen.Remove(replica);
            if (change.Entry is { } entry)
            {
                Note(replica, new ClaimedSlots(entry, entry.Read<SlotClaims>()));
            }
            else
            {
                _entries.TryRemove(replica, out _);
            }
            yield return replica;
        }
    }

    /// <summary>As last heard; null: nobody claims anything.</summary>
    public ClaimedSlots? Cached(string replica) => _entries.GetValueOrDefault(replica);

    /// <summary>
    /// As the store has it now. That counts more than what was heard before, whatever the revisions: a store that lost its end has lower ones.
    /// </summary>
    public async ValueTask<ClaimedSlots?> ReadAsync(string replica, CancellationToken cancellationToken)
    {
        var known = Cached(replica);
        if (await store.GetAsync(SlotClaims.KeyOf(replica), cancellationToken) is not { } entry)
        {
            if (known is not null)
            {
                _entries.TryRemove(new KeyValuePair<string, ClaimedSlots>(replica, known));
            }
            return null;
        }
        var claimed = new ClaimedSlots(entry, entry.Read<SlotClaims>());
        if (known is null || !_entries.TryUpdate(replica, claimed, known))
        {
            Note(replica, claimed);
        }
        return claimed;
    }

    /// <summary>Somebody wants more than they hold, or holds some and is no member any more.</summary>
    public bool IsContended(string replica) =>
        Cached(replica) is { } entry && entry.Claims.Claims.Any(claim => claim.Wanted > claim.Held || !membership.Members.Contains(claim.Gateway));

    /// <summary>
    /// The claims of gateways that are there. A gateway that is not in the list of members may have come since; one that is not in a list
    /// that was asked for after its claim was read has ended, because it had its lease before it claimed.
    /// </summary>
    public async ValueTask<SlotClaims> WithoutTheDeadAsync(ClaimedSlots? entry, CancellationToken cancellationToken)
    {
        var claims = entry?.Claims ?? SlotClaims.None;
        if (claims.Claims.All(claim => membership.Members.Contains(claim.Gateway)))
        {
            return claims;
        }
        await membership.ListAsync(cancellationToken);
        return new SlotClaims([.. claims.Claims.Where(claim => claim.Gateway == membership.Id || membership.Members.Contains(claim.Gateway))]);
    }

    /// <param name="replica">Its id.</param>
    /// <param name="entry">What the claims were made of; null: nothing was there.</param>
    /// <param name="claims">The new ones; without any the entry is deleted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False: another write came first.</returns>
    public async ValueTask<bool> TryWriteAsync(string replica, ClaimedSlots? entry, SlotClaims claims, CancellationToken cancellationToken)
    {
        var key = SlotClaims.KeyOf(replica);
        if (claims.Claims.Count == 0)
        {
            return entry is null || await store.DeleteAsync(key, entry.Entry.Revision, StateDurability.Process, cancellationToken);
        }
        var bytes = StateJson.ToBytes(claims);
        var revision = entry is null
            ? await store.CreateAsync(key, bytes, StateDurability.Process, cancellationToken)
            : await store.UpdateAsync(key, bytes, entry.Entry.Revision, StateDurability.Process, cancellationToken);
        if (revision is null)
        {
            return false;
        }
        Note(replica, new ClaimedSlots(new StateEntry(key, bytes, revision.Value), claims));
        return true;
    }

    /// <summary>Takes back this gateway's claims on replicas that are no more, and those of gateways that are no more.</summary>
    public async Task SweepAsync(IReadOnlySet<string> known, CancellationToken cancellationToken)
    {
        foreach (var (replica, entry) in _entries)
        {
            if (!known.Contains(replica))
            {
                var claims = (await WithoutTheDeadAsync(entry, cancellationToken)).Without(membership.Id);
                if (claims.Claims.Count < entry.Claims.Claims.Count)
                {
                    // Where another write came first, the next sweep sees what it left.
                    await TryWriteAsync(replica, entry, claims, cancellationToken);
                }
            }
        }
    }

    // Own writes and the watch's news come from two sides: the newer one stays.
    private void Note(string replica, ClaimedSlots claimed) =>
        _entries.AddOrUpdate(replica, claimed, (_, known) => known.Entry.Revision > claimed.Entry.Revision ? known : claimed);
}

/// <summary>The claims on one replica, and what they were read from.</summary>
internal sealed record ClaimedSlots(StateEntry Entry, SlotClaims Claims);
