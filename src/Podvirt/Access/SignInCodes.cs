using Podvirt.Messaging;

namespace Podvirt.Access;

/// <summary>The code of a console link that was printed. Stored under <see cref="StatePrefix"/> and its hash.</summary>
internal sealed record SignInCode(DateTimeOffset EndsAt)
{
    public const string StatePrefix = "sign-in-codes/";
}

/// <summary>
/// Codes of the console links that were printed, in the state store as hashes: any server takes a code, and each is taken once. Bounded
/// in number: a new one displaces the one that ends first.
/// </summary>
internal sealed class SignInCodes(IStateStore store, TimeProvider time)
{
    /// <summary>Long enough to find the browser.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public const int CountMax = 100;

    /// <exception cref="IOException">It could not be kept.</exception>
    public async Task<string> IssueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await MakeRoomAsync(now, cancellationToken);
        var code = AdminCredential.NewSecret();
        await store.PutAsync(KeyOf(code), StateJson.ToBytes(new SignInCode(now + Lifetime)), StateDurability.Process, cancellationToken);
        return code;
    }

    /// <summary>True once, for a code that had not ended.</summary>
    public async Task<bool> TakeAsync(string code, CancellationToken cancellationToken) =>
        await store.GetAsync(KeyOf(code), cancellationToken) is { } entry
        && await store.DeleteAsync(entry.Key, entry.Revision, StateDurability.Process, cancellationToken)
        && entry.Read<SignInCode>().EndsAt > time.GetUtcNow();

    private async Task MakeRoomAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var all = (await store.ListAsync(SignInCode.StatePrefix, cancellationToken)).Select(e => (e.Key, e.Read<SignInCode>().EndsAt)).OrderBy(c => c.EndsAt).ToList();
        var ended = all.TakeWhile(c => c.EndsAt <= now).Count();
        foreach (var (key, _) in all.Take(Math.Max(ended, all.Count - CountMax + 1)))
        {
            await store.DeleteAsync(key, revision: null, StateDurability.Process, cancellationToken);
        }
    }

    private static string KeyOf(string code) => SignInCode.StatePrefix + Convert.ToHexString(AdminCredential.Hash(code));
}
