using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Admin;
using Podvirt.Api.OpenApi;
using Podvirt.Configuration;
using Podvirt.Core.Keys;
using Podvirt.Keys;

namespace Podvirt.Api;

/// <summary><c>/api/keys</c>: list, create (the secret is shown once), revoke.</summary>
internal sealed class KeyEndpoints(AdminGate gate, ApiKeyStore keys, TimeProvider time)
{
    private static readonly TimeSpan _lifetimeMax = TimeSpan.FromDays(3650);

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/keys", (Delegate)ListAsync), Entry.Admin).Describe(
            new ApiOperation("List all keys") { Answer = typeof(KeyList) });
        gate.Guard(api.MapPost("/keys", (Delegate)CreateAsync), Entry.Admin).Describe(
            new ApiOperation("Create a key; its secret is in this answer and nowhere else")
            {
                Body = typeof(NewKey),
                Answer = typeof(CreatedKey),
                Status = 201,
                Refusals = [400],
            });
        gate.Guard(api.MapDelete("/keys/{id}", (Delegate)RevokeAsync), Entry.Admin).Describe(
            new ApiOperation("Revoke a key") { Answer = typeof(KeyView), Refusals = [404] });
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var now = time.GetUtcNow();
        var all = await keys.ListAsync(context.RequestAborted);
        return ApiJson.Ok(new KeyList("list", [.. all.Select(k => KeyView.Of(k, now))]));
    }

    /// <summary><c>{"name", "expires_in": "30d"?}</c> → 201.</summary>
    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var request = await ApiJson.ReadAsync<NewKey>(context);
        var name = request.Name?.Trim() ?? "";
        if (name.Length is 0 or > ApiKeyStore.NameLengthMax || name.Any(char.IsControl))
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "invalid_name", $"Give the key a name of 1 to {ApiKeyStore.NameLengthMax} characters.", "name");
        }
        var now = time.GetUtcNow();
        DateTimeOffset? expiresAt = null;
        if (request.ExpiresIn is { } expiresIn)
        {
            if (!Quantities.TryParseDuration(expiresIn, out var lifetime) || lifetime <= TimeSpan.Zero || lifetime > _lifetimeMax)
            {
                throw new ApiException(StatusCodes.Status400BadRequest, "invalid_expiry", $"'{expiresIn}' is not a lifetime; write one such as 12h or 30d, at most {_lifetimeMax.Days}d.", "expires_in");
            }
            expiresAt = now + lifetime;
        }
        var created = await keys.CreateAsync(name, expiresAt, secret: null, context.RequestAborted);
        return ApiJson.Ok(new CreatedKey(KeyView.Of(created.Key, now), created.Secret), StatusCodes.Status201Created);
    }

    private async Task<IResult> RevokeAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var key = await keys.RevokeAsync(id, context.RequestAborted);
        return key is null
            ? throw new ApiException(StatusCodes.Status404NotFound, "key_not_found", $"There is no key '{id}'.", "id")
            : ApiJson.Ok(KeyView.Of(key, time.GetUtcNow()));
    }

    private sealed record NewKey(string? Name, string? ExpiresIn);

    private sealed record KeyList(string Object, IReadOnlyList<KeyView> Data);

    private sealed record CreatedKey(KeyView Key, string Secret);
}

/// <param name="Status">active, expired or revoked.</param>
internal sealed record KeyView(
    string Id, string Name, string Prefix, string Project, string Status, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
{
    public static KeyView Of(ApiKey key, DateTimeOffset now) => new(
        key.Id, key.Name, key.Prefix, key.Project,
        key.RevokedAt is not null ? "revoked" : key.IsUsableAt(now) ? "active" : "expired",
        key.CreatedAt, key.ExpiresAt, key.RevokedAt);
}
