using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Keys;

namespace Podvirt.Api;

/// <summary>What callers say of a key. On creation what is left out has no limit; on an update it stays as it is, and null takes a limit away.</summary>
/// <param name="ExpiresIn">A lifetime from now, such as 12h or 30d.</param>
/// <param name="MonthlyBudget">USD for one UTC calendar month, as text.</param>
internal sealed record KeyBody(
    string? Name = null, string? ExpiresIn = null, string? Project = null, IReadOnlyList<string>? Models = null,
    int? RequestsPerMinute = null, int? TokensPerMinute = null, string? MonthlyBudget = null);

/// <summary>Checks the members of a <see cref="KeyBody"/>.</summary>
internal sealed class KeyFields
{
    private const int RateMax = 1_000_000_000;
    private const int ModelsMax = 1000;
    private const decimal BudgetMax = 1_000_000_000_000m;
    private const int BudgetDecimalsMax = 12;

    private static readonly TimeSpan _lifetimeMax = TimeSpan.FromDays(3650);
    private static readonly string[] _names =
        ["name", "expires_in", "project", "models", "requests_per_minute", "tokens_per_minute", "monthly_budget"];

    private readonly JsonElement _json;
    private readonly KeyBody _body;

    private KeyFields(JsonElement json, KeyBody body)
    {
        _json = json;
        _body = body;
    }

    public string? Project => _body.Project;

    public static async Task<KeyFields> ReadAsync(HttpContext context)
    {
        var json = await ApiJson.ReadAsync<JsonElement>(context);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "invalid_json", "The body is no JSON object.");
        }
        foreach (var member in json.EnumerateObject())
        {
            if (!_names.Contains(member.Name, StringComparer.Ordinal))
            {
                throw Invalid("unknown_member", $"'{member.Name}' is nothing that a key has; it has {string.Join(", ", _names)}.", member.Name);
            }
        }
        return new KeyFields(json, ApiJson.Convert<KeyBody>(json));
    }

    public bool Has(string name) => _json.TryGetProperty(name, out _);

    public string Name()
    {
        var name = _body.Name?.Trim() ?? "";
        return name.Length is > 0 and <= ApiKeyStore.NameLengthMax && !name.Any(char.IsControl)
            ? name
            : throw Invalid("invalid_name", $"Give the key a name of 1 to {ApiKeyStore.NameLengthMax} characters.", "name");
    }

    public DateTimeOffset? ExpiresAt(DateTimeOffset now)
    {
        if (_body.ExpiresIn is not { } text)
        {
            return null;
        }
        return Quantities.TryParseDuration(text, out var lifetime) && lifetime > TimeSpan.Zero && lifetime <= _lifetimeMax
            ? now + lifetime
            : throw Invalid("invalid_expiry", $"'{text}' is not a lifetime; write one such as 12h or 30d, at most {_lifetimeMax.Days}d.", "expires_in");
    }

    /// <param name="before">What stays where nothing is said; null: no limits.</param>
    public KeyLimits Limits(Catalog catalog, KeyLimits? before = null) => new(
        Has("models") || before is null ? Models(catalog) : before.Models,
        Has("requests_per_minute") || before is null ? Rate("requests_per_minute", _body.RequestsPerMinute) : before.RequestsPerMinute,
        Has("tokens_per_minute") || before is null ? Rate("tokens_per_minute", _body.TokensPerMinute) : before.TokensPerMinute,
        Has("monthly_budget") || before is null ? Budget() : before.MonthlyBudget);

    private IReadOnlyList<string>? Models(Catalog catalog)
    {
        if (_body.Models is not { } models)
        {
            return null;
        }
        if (models.Count is 0 or > ModelsMax)
        {
            throw Invalid("invalid_models", $"Name 1 to {ModelsMax} models, or null for all. A key that should do nothing is better revoked.", "models");
        }
        var unknown = models.FirstOrDefault(id => id is null || catalog.Find(id) is null);
        return unknown is null && models.All(id => id is not null)
            ? [.. models.Distinct(StringComparer.Ordinal)]
            : throw Invalid("unknown_model", $"There is no model '{unknown}' in the catalog.", "models");
    }

    private static int? Rate(string name, int? rate) => rate is null or (>= 1 and <= RateMax)
        ? rate
        : throw Invalid("invalid_rate", $"'{name}' is a whole number from 1 to {RateMax}, or null for no limit.", name);

    private decimal? Budget()
    {
        if (_body.MonthlyBudget is not { } text)
        {
            return null;
        }
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var usd)
            && usd <= BudgetMax && usd.Scale <= BudgetDecimalsMax
            ? usd
            : throw Invalid("invalid_budget", $"'{text}' is no budget; write USD such as \"25\" or \"0.50\", with at most {BudgetDecimalsMax} decimals.", "monthly_budget");
    }

    private static ApiException Invalid(string code, string message, string param) => new(StatusCodes.Status400BadRequest, code, message, param);
}
