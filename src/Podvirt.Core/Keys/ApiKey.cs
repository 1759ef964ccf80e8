using System.Buffers.Text;
using System.Security.Cryptography;

namespace Podvirt.Core.Keys;

/// <summary>A key as it is kept: its hash, never the key. Stored under <see cref="StatePrefix"/> + <see cref="Id"/>.</summary>
public sealed record ApiKey
{
    public const string StatePrefix = "keys/";

    /// <summary>What every key starts with, so that secret scanners can know one.</summary>
    public const string SecretPrefix = "pv-";

    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The first characters of the key: enough for its owner to tell keys apart, too few to guess one.</summary>
    public required string Prefix { get; init; }

    /// <summary>SHA-256 of the key in lower-case hex. Keys are random, so a plain hash cannot be reversed by guessing.</summary>
    public required string Hash { get; init; }

    public required string Project { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The models that it may call; null: all.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    public int? RequestsPerMinute { get; init; }

    public int? TokensPerMinute { get; init; }

    /// <summary>USD for one UTC calendar month, at most twelve decimals.</summary>
    public decimal? MonthlyBudget { get; init; }

    /// <summary>Secrets that a rotation replaced and that still work for a while.</summary>
    public IReadOnlyList<RetiringSecret> Retiring { get; init; } = [];

    public bool IsUsableAt(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);

    /// <summary>SHA-256 in lower-case hex.</summary>
    public static string HashOf(ReadOnlySpan<byte> secretUtf8) => Convert.ToHexStringLower(SHA256.HashData(secretUtf8));

    /// <summary>A new secret: 256 random bits.</summary>
    public static string NewSecret() => SecretPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static string PrefixOf(string secret) => secret.Length <= 12 ? secret[..(secret.Length / 2)] : secret[..8];
}

/// <summary>A key's former secret.</summary>
/// <param name="Prefix">As <see cref="ApiKey.Prefix"/>.</param>
/// <param name="Hash">As <see cref="ApiKey.Hash"/>.</param>
/// <param name="Until">From then on it is refused.</param>
public sealed record RetiringSecret(string Prefix, string Hash, DateTimeOffset Until);

/// <summary>When a key was last used. Stored under <see cref="StatePrefix"/> + the key's id, apart from the key: it is written often.</summary>
public sealed record KeyUse(DateTimeOffset LastUsedAt)
{
    public const string StatePrefix = "key-uses/";
}
