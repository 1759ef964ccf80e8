using System.Security.Cryptography;
using System.Text;
using Podvirt.Core.Keys;
using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Keys;

/// <summary>A key at the only moment when its secret is known.</summary>
internal sealed record NewApiKey(ApiKey Key, string Secret);

/// <summary>What a new key is to be.</summary>
/// <param name="Name">What people call it; need not be unique.</param>
/// <param name="ExpiresAt">Null: never.</param>
internal sealed record KeyWish(string Name, DateTimeOffset? ExpiresAt = null, string Project = Project.Default)
{
    public KeyLimits Limits { get; init; } = new();
}

/// <summary>What a key may do; null: no limit.</summary>
internal sealed record KeyLimits(
    IReadOnlyList<string>? Models = null, int? RequestsPerMinute = null, int? TokensPerMinute = null, decimal? MonthlyBudget = null);

/// <summary>API keys in the state store. Gateways watch the same entries, so a changed or revoked key works otherwise, or not at all, at once.</summary>
internal sealed class ApiKeyStore(IStateStore store, TimeProvider time)
{
    public const int NameLengthMax = 100;

    /// <summary>Replaced secrets that still work: more are a mistake.</summary>
    public const int RetiringMax = 4;

    private const int IdBytes = 6;

    public Task<NewApiKey> CreateAsync(string name, DateTimeOffset? expiresAt, string? secret = null, CancellationToken cancellationToken = default) =>
        CreateAsync(new KeyWish(name, expiresAt), secret, cancellationToken);

    /// <param name="secret">Null: a new random one.</param>
    public async Task<NewApiKey> CreateAsync(KeyWish wish, string? secret = null, CancellationToken cancellationToken = default)
    {
        secret ??= ApiKey.NewSecret();
        while (true)
        {
            var key = new ApiKey
            {
                Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
                Name = wish.Name,
                Prefix = ApiKey.PrefixOf(secret),
                Hash = HashOf(secret),
                Project = wish.Project,
                CreatedAt = time.GetUtcNow(),
                ExpiresAt = wish.ExpiresAt,
                Models = wish.Limits.Models,
                RequestsPerMinute = wish.Limits.RequestsPerMinute,
                TokensPerMinute = wish.Limits.TokensPerMinute,
                MonthlyBudget = wish.Limits.MonthlyBudget,
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

    /// <summary>One key, also a revoked or expired one; null when there is none.</summary>
    public async Task<ApiKey?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        IsId(id) ? (await store.GetAsync(ApiKey.StatePrefix + id, cancellationToken))?.Read<ApiKey>() : null;

    /// <summary>When keys were last used, by their ids, as far as gateways have written it down.</summary>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> ListUsesAsync(CancellationToken cancellationToken = default)
    {
        var entries = await store.ListAsync(KeyUse.StatePrefix, cancellationToken);
        return entries.ToDictionary(e => e.Key[KeyUse.StatePrefix.Length..], e => e.Read<KeyUse>().LastUsedAt, StringComparer.Ordinal);
    }

    /// <summary>The key as it is afterwards; null when there is none. A key that is revoked already keeps its time.</summary>
    public Task<ApiKey?> RevokeAsync(string id, CancellationToken cancellationToken = default) =>
        UpdateAsync(id, key => key.RevokedAt is null ? key with { RevokedAt = time.GetUtcNow(), Retiring = [] } : key, cancellationToken);

    /// <summary>A new secret for the same key, whose limits, usage and id stay; the old secret works for the overlap. Null: there is no such key.</summary>
    /// <param name="overlap">Zero: the old secret stops at once, and so do older ones.</param>
    /// <exception cref="InvalidOperationException">Too many replaced secrets still work.</exception>
    public async Task<NewApiKey?> RotateAsync(string id, TimeSpan overlap, CancellationToken cancellationToken = default)
    {
        var secret = ApiKey.NewSecret();
        var rotated = await UpdateAsync(
            id,
            key =>
            {
                var now = time.GetUtcNow();
                List<RetiringSecret> retiring = overlap <= TimeSpan.Zero
                    ? []
                    : [.. key.Retiring.Where(s => s.Until > now), new RetiringSecret(key.Prefix, key.Hash, now + overlap)];
                return retiring.Count > RetiringMax
                    ? throw new InvalidOperationException($"{RetiringMax} replaced secrets of this key still work.")
                    : key with { Prefix = ApiKey.PrefixOf(secret), Hash = HashOf(secret), Retiring = retiring };
            },
            cancellationToken);
        return rotated is null ? null : new NewApiKey(rotated, secret);
    }

    /// <summary>The key as it is afterwards; null when there is none.</summary>
    public async Task<ApiKey?> UpdateAsync(string id, Func<ApiKey, ApiKey> change, CancellationToken cancellationToken = default)
    {
        while (IsId(id) && await store.GetAsync(ApiKey.StatePrefix + id, cancellationToken) is { } entry)
        {
            var key = entry.Read<ApiKey>();
            var changed = change(key);
            if (ReferenceEquals(changed, key) || await store.UpdateAsync(entry.Key, StateJson.ToBytes(changed), entry.Revision, cancellationToken) is not null)
            {
                return changed;
            }
        }
        return null;
    }

    private static bool IsId(string id) => id.Length == IdBytes * 2 && id.All(char.IsAsciiHexDigitLower);

    private static string HashOf(string secret) => ApiKey.HashOf(Encoding.UTF8.GetBytes(secret));
}
