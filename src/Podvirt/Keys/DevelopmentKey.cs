using Podvirt.Messaging;

namespace Podvirt.Keys;

/// <summary>The key that a first start makes, so that the first call needs no further step.</summary>
internal sealed class DevelopmentKey(ApiKeyStore keys, IStateStore store, ILeases leases)
{
    /// <summary>Holds the value of the key on the first start, for scripts and tests.</summary>
    public const string SeedVariable = "PODVIRT_API_KEY";

    private const string StateKey = "host/first-start";
    private const string Name = "development";

    /// <summary>The new key's secret; null on every later start, and where another process starts at the same time and makes it.</summary>
    /// <exception cref="InvalidOperationException">The seed cannot be a key.</exception>
    public async Task<string?> CreateOnFirstStartAsync(string? seed, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(StateKey, cancellationToken) is not null || await leases.TryTakeAsync(StateKey, default, cancellationToken) is not { } turn)
        {
            return null;
        }
        try
        {
            // Another one may have had its turn since.
            return await store.GetAsync(StateKey, cancellationToken) is null ? await CreateAsync(seed, cancellationToken) : null;
        }
        finally
        {
            await leases.ReleaseAsync(turn, CancellationToken.None);
        }
    }

    private async Task<string?> CreateAsync(string? seed, CancellationToken cancellationToken)
    {
        string? secret = null;
        if ((await keys.ListAsync(cancellationToken)).Count == 0)
        {
            if (seed is not null && (seed.Length == 0 || seed.Any(c => c is <= ' ' or > '~')))
            {
                throw new InvalidOperationException($"{SeedVariable} cannot be a key: it takes printable ASCII characters without spaces.");
            }
            secret = (await keys.CreateAsync(Name, expiresAt: null, seed, cancellationToken)).Secret;
        }
        // After the key: a crash in between makes a second start find the key, not the lack of one.
        await store.CreateAsync(StateKey, StateJson.ToBytes(new FirstStart(Done: true)), cancellationToken);
        return secret;
    }

    private sealed record FirstStart(bool Done);
}
