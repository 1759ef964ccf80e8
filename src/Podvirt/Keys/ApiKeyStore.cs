using System.Security.Cryptography;
using System.Text;
using Podvirt.Core.Keys;
using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Keys;

/// <summary>A key at the only moment when its secret is known.</summary>
internal sealed record NewApiKey(ApiKey Key, string Secret);

/// <summary>API keys in the state store. Gateways watch the same entries, so a revoked key stops working at once.</summary>
internal sealed class ApiKeyStore(IStateStore store, TimeProvider time)
{
    public const int NameLengthMax = 100;

    private const int IdBytes = 6;

    /// <param name="name">What people call it; need not be unique.</param>
    /// <param name="expiresAt">Null: never.</param>
    /// <param name="secret">Null: a new random one.</param>
    public async Task<NewApiKey> CreateAsync(string name, DateTimeOffset? expiresAt, string? secret = null, CancellationToken cancellationToken = default)
    {
        secret ??= ApiKey.NewSecret();
        while (true)
        {
            var key = new ApiKey
            {
                Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
                Name = name,
                Prefix = ApiKey.PrefixOf(secret),
                Hash = ApiKey.HashOf(Encoding.UTF8.GetBytes(secret)),
                Project = Project.Default,
                CreatedAt = time.GetUtcNow(),
                ExpiresAt = expiresAt,
            };
            if (await store.CreateAsync(ApiKey.StatePrefix + key.Id, StateJson.ToBytes(key), cancellationToken) is not null)
            {
                return new NewApiKey(key, secret);
            }
        }
    }

    /// <summary>All keys, revoked and expired ones too, oldest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken = default)
    {
        var entries = await store.ListAsync(ApiKey.StatePrefix, cancellationToken);
        return [.. entries.Select(e => e.Read<ApiKey>()).OrderBy(k => k.CreatedAt).ThenBy(k => k.Id, StringComparer.Ordinal)];
    }

    /// <summary>The key as it is afterwards; null when there is none. A key that is revoked already keeps its time.</summary>
    public async Task<ApiKey?> RevokeAsync(string id, CancellationToken cancellationToken = default)
    {
        if (id.Length != IdBytes * 2 || !id.All(char.IsAsciiHexDigitLower))
        {
            return null;
        }
        while (await store.GetAsync(ApiKey.StatePrefix + id, cancellationToken) is { } entry)
        {
            var key = entry.Read<ApiKey>();
            if (key.RevokedAt is not null)
            {
                return key;
            }
            var revoked = key with { RevokedAt = time.GetUtcNow() };
            if (await store.UpdateAsync(entry.Key, StateJson.ToBytes(revoked), entry.Revision, cancellationToken) is not null)
            {
                return revoked;
            }
        }
        return null;
    }
}
