using System.Security.Cryptography;
using Podvirt.Access;
using Podvirt.Messaging;

namespace Podvirt.Members.Oidc;

/// <summary>A browser that is at the provider. Stored under <see cref="StatePrefix"/> and the hash of its <c>state</c>.</summary>
/// <param name="BrowserHash">Of the secret in that browser's cookie.</param>
/// <param name="Verifier">Proves to the provider that the one who redeems the code began (PKCE, RFC 7636).</param>
/// <param name="ReturnPath">Where the browser goes then.</param>
internal sealed record OidcSignIn(string BrowserHash, string Nonce, string Verifier, string RedirectUri, string ReturnPath, DateTimeOffset EndsAt)
{
    public const string StatePrefix = "oidc-sign-ins/";
}

/// <summary>Browsers that are at the provider, in the state store: any server may get one back, and each comes back once.</summary>
internal sealed class OidcSignIns(IStateStore store, TimeProvider time)
{
    /// <summary>Long enough for a forgotten password at the provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>One more displaces the one that ends first.</summary>
    public const int CountMax = 1000;

    /// <returns>The sign-in and its <c>state</c>.</returns>
    public async Task<(OidcSignIn SignIn, string State)> BeginAsync(string browser, string redirectUri, string returnPath, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await MakeRoomAsync(now, cancellationToken);
        var state = AdminCredential.NewSecret();
        var signIn = new OidcSignIn(HashOf(browser), AdminCredential.NewSecret(), AdminCredential.NewSecret(), redirectUri, returnPath, now + Lifetime);
        await store.PutAsync(KeyOf(state), StateJson.ToBytes(signIn), StateDurability.Process, cancellationToken);
        return (signIn, state);
    }

    /// <summary>Uses it up. Null: it is over, was used, or is another browser's.</summary>
    public async Task<OidcSignIn?> TakeAsync(string state, string browser, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(KeyOf(state), cancellationToken) is not { } entry)
        {
            return null;
        }
        var signIn = entry.Read<OidcSignIn>();
        var isBrowsers = CryptographicOperations.FixedTimeEquals(Convert.FromHexString(signIn.BrowserHash), AdminCredential.Hash(browser));
        // Another browser's visit does not end it: whoever made one come here would otherwise end a stranger's sign-in.
        return isBrowsers && await store.DeleteAsync(entry.Key, entry.Revision, StateDurability.Process, cancellationToken) && signIn.EndsAt > time.GetUtcNow()
            ? signIn
            : null;
    }

    private async Task MakeRoomAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var all = (await store.ListAsync(OidcSignIn.StatePrefix, cancellationToken)).Select(e => (e.Key, e.Read<OidcSignIn>().EndsAt)).OrderBy(s => s.EndsAt).ToList();
        var ended = all.TakeWhile(s => s.EndsAt <= now).Count();
        foreach (var (key, _) in all.Take(Math.Max(ended, all.Count - CountMax + 1)))
        {
            await store.DeleteAsync(key, revision: null, StateDurability.Process, cancellationToken);
        }
    }

    private static string KeyOf(string state) => OidcSignIn.StatePrefix + HashOf(state);

    private static string HashOf(string secret) => Convert.ToHexString(AdminCredential.Hash(secret));
}
