using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Gateway.Idempotency;

/// <summary>
/// Lets a call with an <c>Idempotency-Key</c> run at one of several gateways, and any of them repeat its reply.
/// <list type="number">
/// <item>Claim: an entry of the key, made by compare-and-set before the call runs. Others wait for its end, for a time.</item>
/// <item>Keep: the reply stands in the state store before its usage record is durable.</item>
/// <item>Leave: without a reply the entry goes, and the next one runs. One whose gateway is gone is the next one's at once.</item>
/// </list>
/// A claim's revision is its fencing token: what a gateway writes that was only paused, under a claim that is another's by now, is refused,
/// and nothing that the other one has kept is touched.
/// </summary>
internal sealed partial class SharedReplies(
    IStateStore store, ILeases leases, IOwners owners, StateBlobs blobs, GatewayOptions options, TimeProvider time, ILogger<SharedReplies> logger) : BackgroundService
{
    private const string Prefix = "replies/";
    private const string BodyPrefix = "reply-bodies/";
    private const string SweepLease = "sweeps/replies";

    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromMinutes(5);

    // Who waits for another gateway's reply waits for an engine: seconds.
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    /// <summary>One of the three: the right to run, what is to be repeated, or a refusal.</summary>
    /// <exception cref="IOException">The store does not answer: whether it runs elsewhere is not known.</exception>
    public async Task<(ReplyClaim? Claim, StoredReply? Reply, ApiError? Refusal)> ClaimAsync(
        byte[] key, byte[] bodyHash, TimeSpan wait, CancellationToken cancellationToken)
    {
        var name = Convert.ToHexString(key);
        var hash = Convert.ToHexString(bodyHash);
        var began = time.GetTimestamp();
        while (true)
        {
            var mine = new Entry(owners.Id, hash, null, time.GetUtcNow() + options.IdempotencyTime);
            var entry = await store.GetAsync(Prefix + name, cancellationToken);
            var other = entry?.Read<Entry>();
            if (entry is null || other!.Until <= time.GetUtcNow() || (other.Reply is null && await IsGoneAsync(other.Owner, cancellationToken)))
            {
                if (await WriteAsync(name, mine, entry?.Revision, cancellationToken) is { } revision)
                {
                    return (new ReplyClaim(this, name, mine, revision), null, null);
                }
                continue;
            }
            if (other.BodyHash != hash)
            {
                return (null, null, ApiErrors.IdempotencyKeyReused);
            }
            if (other.Reply is { } reply)
            {
                if (await blobs.ReadAsync(BodyOf(name, reply.Claim), cancellationToken) is { } body)
                {
                    return (null, new StoredReply(key, bodyHash, reply.RequestId, reply.Status, reply.ContentType, reply.Replica, body, other.Until), null);
                }
                // It was swept in the same moment.
                await store.DeleteAsync(entry.Key, entry.Revision, StateDurability.Process, cancellationToken);
                continue;
            }
            if (time.GetElapsedTime(began) >= wait)
            {
                return (null, null, ApiErrors.IdempotencyKeyInUse);
            }
            await Task.Delay(s_poll, time, cancellationToken);
        }
    }

    /// <summary>Never fails.</summary>
    /// <returns>False: another gateway has taken the claim, and its reply is the one that counts.</returns>
    internal async Task<bool> KeepAsync(string name, Entry mine, long revision, StoredReply reply)
    {
        var body = BodyOf(name, revision);
        try
        {
            await blobs.WriteAsync(body, reply.Body, CancellationToken.None);
            var kept = mine with
            {
                Reply = new Head(reply.RequestId, reply.Status, reply.ContentType, reply.Replica, reply.Body.Length, revision),
                Until = reply.ExpiresAt,
            };
            if (await WriteAsync(name, kept, revision, CancellationToken.None) is not null
                || (await FindOwnAsync(name, mine) is { } own && await WriteAsync(name, kept, own, CancellationToken.None) is not null))
            {
                return true;
            }
        }
        catch (IOException error)
        {
            LogNotKept(error, reply.RequestId);
            return true;
        }
        LogTaken(reply.RequestId);
        try
        {
            await blobs.RemoveAsync(body + "/", CancellationToken.None);
        }
        catch (IOException error)
        {
            LogNotRemoved(error);
        }
        return false;
    }

    internal async Task LeaveAsync(string name, Entry mine, long revision)
    {
        try
        {
            if (!await store.DeleteAsync(Prefix + name, revision, StateDurability.Process, CancellationToken.None) && await FindOwnAsync(name, mine) is { } own)
            {
                await store.DeleteAsync(Prefix + name, own, StateDurability.Process, CancellationToken.None);
            }
        }
        catch (IOException error)
        {
            LogNotLeft(error);
        }
    }

    /// <summary>Takes away what has had its time, and the oldest of what is more than may be.</summary>
    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (await leases.TryTakeAsync(SweepLease, default, cancellationToken) is not { } lease)
        {
            return;
        }
        try
        {
            var now = time.GetUtcNow();
            var all = (await store.ListAsync(Prefix, cancellationToken)).Select(e => (Stored: e, Entry: e.Read<Entry>())).OrderByDescending(e => e.Entry.Until).ToList();
            var (count, bytes) = (0, 0L);
            foreach (var (stored, entry) in all)
            {
                (count, bytes) = (count + 1, bytes + (entry.Reply?.Bytes ?? 0));
                var isTooMany = entry.Reply is not null && (count > options.SharedRepliesMax || bytes > options.SharedReplyBytesMax);
                if ((entry.Until <= now || isTooMany) && await store.DeleteAsync(stored.Key, stored.Revision, StateDurability.Process, cancellationToken))
                {
                    await blobs.RemoveAsync($"{BodyPrefix}{stored.Key[Prefix.Length..]}/", cancellationToken);
                }
            }
        }
        finally
        {
            await leases.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_sweepInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await SweepAsync(stoppingToken);
                }
                catch (IOException error)
                {
                    LogNotSwept(error);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>The claim itself under another revision: a store that lost its end takes all that were read before for outdated.</summary>
    private async Task<long?> FindOwnAsync(string name, Entry mine) =>
        await store.GetAsync(Prefix + name, CancellationToken.None) is { } entry && entry.Read<Entry>() == mine ? entry.Revision : null;

    private static string BodyOf(string name, long claim) => string.Create(CultureInfo.InvariantCulture, $"{BodyPrefix}{name}/{claim}");

    private async ValueTask<bool> IsGoneAsync(string owner, CancellationToken cancellationToken) => !(await owners.ListAsync(cancellationToken)).Contains(owner);

    private ValueTask<long?> WriteAsync(string name, Entry entry, long? revision, CancellationToken cancellationToken) => revision is { } over
        ? store.UpdateAsync(Prefix + name, StateJson.ToBytes(entry), over, StateDurability.Process, cancellationToken)
        : store.CreateAsync(Prefix + name, StateJson.ToBytes(entry), StateDurability.Process, cancellationToken);

    [LoggerMessage(1711, LogLevel.Error, "The reply of request {RequestId} could not be shared: while this process lives, its key is in use at the other gateways")]
    private partial void LogNotKept(Exception error, Guid requestId);

    [LoggerMessage(1712, LogLevel.Error, "The key of request {RequestId} was taken by another gateway, which took this one for dead: both have run it, and the other one's reply counts")]
    private partial void LogTaken(Guid requestId);

    [LoggerMessage(1713, LogLevel.Warning, "An idempotency key could not be given free: it is in use while this process lives")]
    private partial void LogNotLeft(Exception error);

    [LoggerMessage(1714, LogLevel.Warning, "Replies whose time is over could not be taken away; it is tried again")]
    private partial void LogNotSwept(Exception error);

    [LoggerMessage(1715, LogLevel.Warning, "A reply that does not count could not be taken away; it goes with its key")]
    private partial void LogNotRemoved(Exception error);

    /// <summary>What stands under a key.</summary>
    /// <param name="Owner">The gateway that runs the call, or ran it.</param>
    /// <param name="Reply">Null: it runs.</param>
    /// <param name="Until">From then on the key is free.</param>
    internal sealed record Entry(string Owner, string BodyHash, Head? Reply, DateTimeOffset Until);

    /// <summary>A reply without its body.</summary>
    /// <param name="Claim">The revision of the claim under which it was made: its body stands under that.</param>
    internal sealed record Head(Guid RequestId, int Status, string ContentType, string Replica, int Bytes, long Claim);
}

/// <summary>One gateway's right to run the call of a key.</summary>
internal sealed class ReplyClaim(SharedReplies replies, string name, SharedReplies.Entry mine, long revision)
{
    private bool _isToStay;

    /// <summary>Another gateway took this one for dead, and has run the call in its place.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Never fails. What could not be kept stays claimed, so that nobody runs it again.</summary>
    /// <returns>False: <see cref="IsLost"/>.</returns>
    public async Task<bool> KeepAsync(StoredReply reply)
    {
        _isToStay = true;
        IsLost = !await replies.KeepAsync(name, mine, revision, reply);
        return !IsLost;
    }

    /// <summary>The call is over; without a reply the key is free.</summary>
    public Task LeaveAsync() => _isToStay ? Task.CompletedTask : replies.LeaveAsync(name, mine, revision);
}
