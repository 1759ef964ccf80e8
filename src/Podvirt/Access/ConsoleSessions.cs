using Microsoft.Extensions.Logging;
using Podvirt.Members;
using Podvirt.Messaging;

namespace Podvirt.Access;

/// <summary>A session, who it is, and where it stands.</summary>
/// <param name="Member">As they are now; null: whoever holds the admin token.</param>
internal sealed record FoundSession(string Key, ConsoleSession Session, Member? Member);

/// <summary>
/// Signed-in browsers, in the state store: they outlive the server and are known to all servers. Of their secrets only hashes are
/// kept. A session is checked against its member each time, so it ends with the member's right to it, wherever that ended.
/// </summary>
internal sealed partial class ConsoleSessions(IStateStore store, MemberStore members, TimeProvider time, ILogger<ConsoleSessions> logger)
{
    /// <summary>In all. About 2 MB of the state store; more are a leak.</summary>
    public const int CountMax = 5000;

    /// <summary>Of one member, and of the admin token's holder. Browsers, devices, and a script that forgets to sign out.</summary>
    public const int CountOfOneMax = 50;

    /// <summary>Twelve hours after the last call: a working day, not a forgotten browser.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    /// <summary>What the provider took back is seen at the next sign-in, so there has to be one.</summary>
    public static readonly TimeSpan OidcLifetimeMax = TimeSpan.FromHours(24);

    /// <summary>Until its end has moved by this much a call only reads.</summary>
    public static readonly TimeSpan RenewalInterval = TimeSpan.FromMinutes(5);

    /// <summary>Begins one. One more than may be displaces the one that would end first.</summary>
    /// <param name="kind">How it began.</param>
    /// <param name="member">Null: whoever holds the admin token.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The secret, which is the cookie.</returns>
    public async Task<string> IssueAsync(SignInKind kind, Member? member, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await MakeRoomAsync(member?.Id ?? "", now, cancellationToken);
        var secret = AdminCredential.NewSecret();
        var session = new ConsoleSession(
            kind, member?.StateKey, member?.Id ?? "", member?.Epoch ?? 0, now, now + Lifetime, kind == SignInKind.Oidc ? now + OidcLifetimeMax : null);
        await store.PutAsync(KeyOf(secret), StateJson.ToBytes(session), cancellationToken);
        return secret;
    }

    /// <summary>The session while it lasts; that moves its end. Null: it is over, or never was.</summary>
    public async Task<FoundSession?> FindAsync(string secret, CancellationToken cancellationToken)
    {
        var key = KeyOf(secret);
        if (await store.GetAsync(key, cancellationToken) is not { } entry)
        {
            return null;
        }
        var session = entry.Read<ConsoleSession>();
        var now = time.GetUtcNow();
        if (await FindAsync(key, session, now, cancellationToken) is not { } found)
        {
            return null;
        }
        var end = EndOf(session, now);
        if (end - session.EndsAt >= RenewalInterval)
        {
            var renewed = session with { EndsAt = end };
            if (await TryRenewAsync(entry, renewed, cancellationToken))
            {
                return found with { Session = renewed };
            }
        }
        return found;
    }

    /// <summary>Looks again, without moving its end.</summary>
    public async Task<FoundSession?> ReadAsync(string key, CancellationToken cancellationToken) =>
        await store.GetAsync(key, cancellationToken) is { } entry
            ? await FindAsync(key, entry.Read<ConsoleSession>(), time.GetUtcNow(), cancellationToken)
            : null;

    public async Task EndAsync(string secret, CancellationToken cancellationToken) =>
        await store.DeleteAsync(KeyOf(secret), revision: null, StateDurability.Machine, cancellationToken);

    /// <summary>Clears away what the member's sessions were. They are over already, by the member's new epoch or absence.</summary>
    public async Task ClearAsync(string memberId, CancellationToken cancellationToken)
    {
        foreach (var (key, session) in await ListAsync(cancellationToken))
        {
            if (session.MemberId == memberId && !session.IsOf(await MemberOfAsync(session, cancellationToken)))
            {
                await store.DeleteAsync(key, revision: null, StateDurability.Process, cancellationToken);
            }
        }
    }

    private async Task<FoundSession?> FindAsync(string key, ConsoleSession session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (session.EndsAt <= now)
        {
            return null;
        }
        var member = await MemberOfAsync(session, cancellationToken);
        return session.StateKey is null || session.IsOf(member) ? new FoundSession(key, session, member) : null;
    }

    private async Task<Member?> MemberOfAsync(ConsoleSession session, CancellationToken cancellationToken) =>
        session.StateKey is { } stateKey ? await members.ReadAsync(stateKey, cancellationToken) : null;

    private async Task<bool> TryRenewAsync(StateEntry entry, ConsoleSession renewed, CancellationToken cancellationToken)
    {
        try
        {
            // Over exactly what was read: a session that was ended meanwhile stays ended. A loss of power may cost some minutes of its end.
            return await store.UpdateAsync(entry.Key, StateJson.ToBytes(renewed), entry.Revision, StateDurability.Process, cancellationToken) is not null;
        }
        catch (IOException error)
        {
            // Whoever looks at a server whose disk is full should still see it; the session keeps its end.
            LogNotRenewed(error);
            return false;
        }
    }

    private async Task MakeRoomAsync(string memberId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var all = await ListAsync(cancellationToken);
        var gone = all.Where(s => s.Session.EndsAt <= now).ToList();
        var live = all.Except(gone).OrderBy(s => s.Session.EndsAt).ToList();
        var own = live.Where(s => s.Session.MemberId == memberId).ToList();
        gone.AddRange(own.Take(own.Count - CountOfOneMax + 1));
        gone.AddRange(live.Except(gone).Take(live.Except(gone).Count() - CountMax + 1));
        foreach (var (key, _) in gone)
        {
            await store.DeleteAsync(key, revision: null, StateDurability.Process, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<(string Key, ConsoleSession Session)>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(ConsoleSession.StatePrefix, cancellationToken)).Select(e => (e.Key, e.Read<ConsoleSession>()))];

    private static DateTimeOffset EndOf(ConsoleSession session, DateTimeOffset now) =>
        session.LastEnd is { } last && last < now + Lifetime ? last : now + Lifetime;

    private static string KeyOf(string secret) => ConsoleSession.StatePrefix + Convert.ToHexString(AdminCredential.Hash(secret));

    [LoggerMessage(5030, LogLevel.Warning, "A console session could not be prolonged")]
    private partial void LogNotRenewed(Exception error);
}
