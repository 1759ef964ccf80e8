using System.Globalization;
using Podvirt.Core.Keys;
using Podvirt.Core.Usage;

namespace Podvirt.Api;

/// <summary>A key as <c>/api</c> shows it: never its secret, nor the hash.</summary>
/// <param name="Status">active, expired or revoked.</param>
/// <param name="Models">The models that it may call; null: all.</param>
/// <param name="MonthlyBudget">USD; null: none.</param>
/// <param name="SpentThisMonth">USD, as the ledger has it.</param>
/// <param name="LastUsedAt">As written down at most half a minute later; null: never.</param>
/// <param name="Retiring">Secrets that a rotation replaced and that still work.</param>
internal sealed record KeyView(
    string Id, string Name, string Prefix, string Project, string Status, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt,
    IReadOnlyList<string>? Models, int? RequestsPerMinute, int? TokensPerMinute, string? MonthlyBudget, string SpentThisMonth, DateTimeOffset? LastUsedAt,
    IReadOnlyList<RetiringView> Retiring)
{
    public static KeyView Of(ApiKey key, DateTimeOffset now, Cost spent = default, DateTimeOffset? lastUsed = null) => new(
        key.Id, key.Name, key.Prefix, key.Project,
        key.RevokedAt is not null ? "revoked" : key.IsUsableAt(now) ? "active" : "expired",
        key.CreatedAt, key.ExpiresAt, key.RevokedAt,
        key.Models, key.RequestsPerMinute, key.TokensPerMinute, key.MonthlyBudget?.ToString(CultureInfo.InvariantCulture), spent.ToString(), lastUsed,
        [.. key.Retiring.Where(s => s.Until > now).Select(s => new RetiringView(s.Prefix, s.Until))]);
}

internal sealed record RetiringView(string Prefix, DateTimeOffset Until);
