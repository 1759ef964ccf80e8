using Podvirt.Messaging;

namespace Podvirt.Keys;

/// <summary>The key that a first start makes, so that the first call needs no further step.</summary>
internal sealed class DevelopmentKey(ApiKeyStore keys, IStateStore store)
{
    /// <summary>Holds the value of the key on the first start, for scripts and tests.</summary>
    public const string SeedVariable = "PODVIRT_API_KEY";

    private const string StateKey = "host/first-start";
    private const string Name = "development";

    /// <summary>The new key's secret; null on every later start.</summary>
    /// <exception cref="InvalidOperationException">The seed cannot be a key.</exception>
    public async Task<string?> CreateOnFirstStartAsync(string? seed, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(StateKey, cancellationToken) is not null)
        {
            return null;
        }
        var secret = await MakeAsync(seed, cancellationToken);
        // After the key: a crash in between makes a second start find the key, not the lack of one.
        await store.CreateAsync(StateKey, StateJson.ToBytes(new FirstStart(Done: true)), cancellationToken);
        return secret;
    }

    /// <summary>
    /// The same where several processes start at once: one of them makes the key. A crash of that one at this moment leaves none, and
    /// <c>podvirt keys create</c> makes it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The seed cannot be a key.</exception>
    public async Task<string?> CreateOnFirstStartOfAllAsync(string? seed, CancellationToken cancellationToken) =>
        await store.CreateAsync(StateKey, StateJson.ToBytes(new FirstStart(Done: true)), cancellationToken) is null
            ? null
            : await MakeAsync(seed, cancellationToken);

    private async Task<string?> MakeAsync(string? seed, CancellationToken cancellationToken)
    {
        if ((await keys.ListAsync(cancellationToken)).Count > 0)
        {
            return null;
        }
        if (seed is not null && (seed.Length == 0 || seed.Any(c => c is <= ' ' or > '~')))
        {
            throw new InvalidOperationException($"{SeedVariable} cannot be a key: it takes printable ASCII characters without spaces.");
        }
        return (await keys.CreateAsync(Name, expiresAt: null, seed, cancellationToken)).Secret;
    }

    private sealed record FirstStart(bool Done);
}
