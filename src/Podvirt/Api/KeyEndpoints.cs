using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Core.Keys;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Keys;
using Podvirt.Metering.Ledger;
using Podvirt.Projects;

namespace Podvirt.Api;

/// <summary><c>/api/keys</c>: list, create and rotate (the secret is shown once), change, revoke.</summary>
internal sealed class KeyEndpoints(AccessGate gate, ApiKeyStore keys, ProjectStore projects, CatalogStore catalog, ILedger ledger, TimeProvider time)
{
    private static readonly TimeSpan _overlapDefault = TimeSpan.FromHours(1);
    private static readonly TimeSpan _overlapMax = TimeSpan.FromDays(30);

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/keys", (Delegate)ListAsync), Entry.Member).Describe(
            new ApiOperation("List keys") { Query = [UsageParameters.Project], Answer = typeof(KeyList), Refusals = UsageParameters.Refusals });
        gate.Guard(api.MapPost("/keys", (Delegate)CreateAsync), Entry.Member).Describe(
            new ApiOperation("Create a key; its secret is in this answer and nowhere else")
            {
                Body = typeof(KeyBody),
                Answer = typeof(CreatedKey),
                Status = 201,
                Refusals = [400, 404],
            });
        gate.Guard(api.MapPatch("/keys/{id}", (Delegate)UpdateAsync), Entry.Member).Describe(
            new ApiOperation("Change a key's name, expiry or limits, from now on; what is left out stays, null takes a limit away")
            {
                Body = typeof(KeyBody),
                Answer = typeof(KeyView),
                Refusals = [400, 404, 409],
            });
        gate.Guard(api.MapPost("/keys/{id}/rotate", (Delegate)RotateAsync), Entry.Member).Describe(
            new ApiOperation("Give a key a new secret; the old one works for the overlap")
            {
                Body = typeof(Rotation),
                Answer = typeof(CreatedKey),
                Refusals = [400, 404, 409],
            });
        gate.Guard(api.MapDelete("/keys/{id}", (Delegate)RevokeAsync), Entry.Member).Describe(
            new ApiOperation("Revoke a key") { Answer = typeof(KeyView), Refusals = [404] });
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var now = time.GetUtcNow();
        var project = Visitor.ProjectOf(context);
        var all = await keys.ListAsync(context.RequestAborted);
        var uses = await keys.ListUsesAsync(context.RequestAborted);
        var spent = await SpentAsync(now, context.RequestAborted);
        return ApiJson.Ok(new KeyList("list", [.. all.Where(k => project is null || k.Project == project).Select(
            k => KeyView.Of(k, now, spent.GetValueOrDefault(k.Id), uses.TryGetValue(k.Id, out var used) ? used : null))]));
    }

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var fields = await KeyFields.ReadAsync(context);
        var now = time.GetUtcNow();
        var wish = new KeyWish(fields.Name(), fields.ExpiresAt(now), Visitor.Of(context).Choose(fields.Project) ?? Project.Default)
        {
            Limits = fields.Limits(await catalog.ReadAsync(context.RequestAborted)),
        };
        if (await projects.FindAsync(wish.Project, context.RequestAborted) is not { ArchivedAt: null })
        {
            throw ProjectEndpoints.NotFound(wish.Project, "project");
        }
        var created = await keys.CreateAsync(wish, secret: null, context.RequestAborted);
        return ApiJson.Ok(new CreatedKey(KeyView.Of(created.Key, now), created.Secret), StatusCodes.Status201Created);
    }

    private async Task<IResult> UpdateAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var fields = await KeyFields.ReadAsync(context);
        if (fields.Has("project"))
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "fixed_project", "A key stays with its project: create one in the other.", "project");
        }
        var now = time.GetUtcNow();
        var known = await catalog.ReadAsync(context.RequestAborted);
        var key = await keys.UpdateAsync(
            id,
            key =>
            {
                var limits = fields.Limits(known, new KeyLimits(key.Models, key.RequestsPerMinute, key.TokensPerMinute, key.MonthlyBudget));
                return Usable(Seen(context, key)) with
                {
                    Name = fields.Has("name") ? fields.Name() : key.Name,
                    ExpiresAt = fields.Has("expires_in") ? fields.ExpiresAt(now) : key.ExpiresAt,
                    Models = limits.Models,
                    RequestsPerMinute = limits.RequestsPerMinute,
                    TokensPerMinute = limits.TokensPerMinute,
                    MonthlyBudget = limits.MonthlyBudget,
                };
            },
            context.RequestAborted);
        return ApiJson.Ok(await ViewAsync(key ?? throw NotFound(id), context.RequestAborted));
    }

    /// <summary><c>{"overlap": "24h"?}</c>.</summary>
    private async Task<IResult> RotateAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var overlap = _overlapDefault;
        if ((await ApiJson.ReadAsync<Rotation>(context)).Overlap is { } text && (!Quantities.TryParseDuration(text, out overlap) || overlap > _overlapMax))
        {
            throw new ApiException(
                StatusCodes.Status400BadRequest, "invalid_overlap", $"'{text}' is no overlap; write one such as 24h, at most {_overlapMax.Days}d, or 0s.", "overlap");
        }
        Usable(await FindAsync(context, id));
        NewApiKey? rotated;
        try
        {
            rotated = await keys.RotateAsync(id, overlap, context.RequestAborted);
        }
        catch (InvalidOperationException tooMany)
        {
            throw new ApiException(StatusCodes.Status409Conflict, "too_many_secrets", $"{tooMany.Message} Wait until one ends, or rotate with the overlap 0s.", "id");
        }
        return rotated is null
            ? throw NotFound(id)
            : ApiJson.Ok(new CreatedKey(await ViewAsync(rotated.Key, context.RequestAborted), rotated.Secret));
    }

    private async Task<IResult> RevokeAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        await FindAsync(context, id);
        var key = await keys.RevokeAsync(id, context.RequestAborted);
        return ApiJson.Ok(await ViewAsync(key ?? throw NotFound(id), context.RequestAborted));
    }

    private async Task<KeyView> ViewAsync(ApiKey key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var uses = await keys.ListUsesAsync(cancellationToken);
        var spent = await SpentAsync(now, cancellationToken);
        return KeyView.Of(key, now, spent.GetValueOrDefault(key.Id), uses.TryGetValue(key.Id, out var used) ? used : null);
    }

    private async Task<Dictionary<string, Cost>> SpentAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        (await ledger.ConsumedAsync(UtcMonth.Of(now), cancellationToken))
            .GroupBy(c => c.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Aggregate(Cost.Zero, (sum, c) => sum + c.Cost), StringComparer.Ordinal);

    /// <summary>A key that the caller may see. A key stays with its project, so what was checked stays true.</summary>
    private async Task<ApiKey> FindAsync(HttpContext context, string id) =>
        Seen(context, await keys.FindAsync(id, context.RequestAborted) ?? throw NotFound(id));

    private static ApiKey Seen(HttpContext context, ApiKey key) => Visitor.Of(context).MaySee(key.Project) ? key : throw NotFound(key.Id);

    private static ApiKey Usable(ApiKey key) => key.RevokedAt is null
        ? key
        : throw new ApiException(StatusCodes.Status409Conflict, "key_revoked", $"The key '{key.Id}' is revoked and stays so; create a new one.", "id");

    public static ApiException NotFound(string id, string param = "id") => new(StatusCodes.Status404NotFound, "key_not_found", $"There is no key '{id}'.", param);

    /// <param name="Overlap">How long the old secret works on, such as 24h; 0s ends it at once; default 1h.</param>
    private sealed record Rotation(string? Overlap = null);

    private sealed record KeyList(string Object, IReadOnlyList<KeyView> Data);

    private sealed record CreatedKey(KeyView Key, string Secret);
}
