using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Catalogs;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Metering.Rating;

namespace Podvirt.Api;

/// <summary>
/// <c>/api/rates</c>, <c>/api/models/{id}/rates</c>, <c>POST /api/models/{id}/rerate</c> and <c>/api/reratings</c>. What stands below <c>/models</c> is
/// mapped by others, because ids may hold slashes, and comes here from them.
/// </summary>
internal sealed class RateEndpoints(AccessGate gate, CatalogStore catalog, IStateStore store, RateBook rates, Rerater rerater, TimeProvider time)
{
    private const string Rates = "rates";
    private const string Rerate = "rerate";
    private const int TextLengthMax = 500;

    public static ApiOperation OfModel { get; } = new("List a model's rate versions")
    {
        Path = "/api/models/{id}/rates",
        Answer = typeof(RateList),
        Refusals = [404],
    };

    public static IReadOnlyList<ApiOperation> OnModels { get; } =
    [
        new("Set a model's price from now or from a later moment on: a new rate version")
        {
            Path = "/api/models/{id}/rates",
            Body = typeof(NewRate),
            Answer = typeof(RateView),
            Status = StatusCodes.Status201Created,
            Refusals = [400, 404],
        },
        new("Bill a model's records of a time by another rate version; each gets an adjustment")
        {
            Path = "/api/models/{id}/rerate",
            Query = [new("dry_run", "Only say what would change", "boolean")],
            Body = typeof(NewRerating),
            Answer = typeof(ReratingView),
            Refusals = [400, 404],
        },
    ];

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/rates", (Delegate)ListAll), Entry.Member).Describe(
            new ApiOperation("List the rate versions of all models") { Answer = typeof(RateList) });
        gate.Guard(api.MapGet("/reratings", (Delegate)ListReratingsAsync), Entry.Admin).Describe(
            new ApiOperation("List the re-ratings that were made, newest first") { Answer = typeof(ReratingList) });
    }

    /// <summary>Whether <see cref="ActAsync"/> knows the last part of a path below a model.</summary>
    public static bool Handles(string name) => name is Rates or Rerate;

    public Task<IResult> ActAsync(HttpContext context, string model, string name) => name == Rates ? SetAsync(context, model) : RerateAsync(context, model);

    /// <summary>Null: the path does not end in <c>/rates</c>, or there is no such model, and never was one with a rate.</summary>
    public IResult? TryList(string path)
    {
        const string End = "/" + Rates;
        if (!path.EndsWith(End, StringComparison.Ordinal))
        {
            return null;
        }
        var model = path[..^End.Length];
        var views = ViewsOf(model);
        return views.Count == 0 && catalog.Applied?.Find(model) is null ? null : ApiJson.Ok(new RateList("list", views));
    }

    private IResult ListAll(HttpContext context) => ApiJson.Ok(new RateList("list", [.. rates.Models.SelectMany(ViewsOf)]));

    private async Task<IResult> ListReratingsAsync(HttpContext context) =>
        ApiJson.Ok(new ReratingList("list", [.. (await rerater.ListAsync(context.RequestAborted)).Select(ReratingView.Of)]));

    private IReadOnlyList<RateView> ViewsOf(string model)
    {
        var timeline = rates.Timeline(model);
        var inForce = timeline.At(time.GetUtcNow()).Version;
        return [.. timeline.Versions.Select(r => RateView.Of(r, inForce))];
    }

    private async Task<IResult> SetAsync(HttpContext context, string model)
    {
        if (catalog.Applied?.Find(model) is null)
        {
            throw ModelEndpoints.NotFound(model);
        }
        var body = await ApiJson.ReadAsync<NewRate>(context);
        var price = body.ToPrice();
        var now = time.GetUtcNow();
        var from = Moment("from", body.From);
        if (from < now)
        {
            throw Invalid("from", "A rate begins now or later; records of the past are billed by another one with POST /api/models/{id}/rerate.");
        }
        var rate = await RateWriter.SetAsync(store, model, price, from, By(context, body.By), now, context.RequestAborted);
        await rates.RefreshAsync([model], context.RequestAborted);
        return ApiJson.Ok(RateView.Of(rate, rates.Timeline(model).At(time.GetUtcNow()).Version), StatusCodes.Status201Created);
    }

    private async Task<IResult> RerateAsync(HttpContext context, string model)
    {
        var isDryRun = ApiQuery.Flag(context, "dry_run");
        var body = await ApiJson.ReadAsync<NewRerating>(context);
        if (Moment("from", body.From) is not { } from || Moment("to", body.To) is not { } to || from >= to)
        {
            throw Invalid("from", "Say which records: 'from' and a later 'to', such as 2026-01-01T00:00:00Z.");
        }
        if (body.RateVersion is not { } version)
        {
            throw Invalid("rate_version", "Say by which version the records are to be billed; GET /api/models/{id}/rates lists them, and 0 is free.");
        }
        if (body.Reason?.Trim() is not { Length: > 0 and <= TextLengthMax } reason)
        {
            throw Invalid("reason", $"Say why, in at most {TextLengthMax} characters: it is kept with the adjustments.");
        }
        var order = new ReratingOrder(model, from, to, version, By(context, body.By), reason);
        return await rerater.RerateAsync(order, isDryRun, context.RequestAborted) is { } result
            ? ApiJson.Ok(ReratingView.Of(order, result, isDryRun))
            : throw new ApiException(
                StatusCodes.Status404NotFound, "rate_not_found", $"'{model}' has no rate version {version}; GET /api/models/{{id}}/rates lists those it has.", "rate_version");
    }

    /// <summary>A time without an offset is UTC, wherever the server stands.</summary>
    private static DateTimeOffset? Moment(string name, string? text) =>
        string.IsNullOrEmpty(text) ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment
        : throw Invalid(name, $"'{text}' is not a time; write one such as 2026-01-31T00:00:00Z.");

    /// <summary>The credential is one for all, so who it is has to be said; a member is known.</summary>
    private static string By(HttpContext context, string? by) => by?.Trim() switch
    {
        _ when Visitor.Of(context).Member is { } member => member.Email,
        null or "" => "admin",
        { Length: > TextLengthMax } => throw Invalid("by", $"Write at most {TextLengthMax} characters."),
        var name => name,
    };

    private static ApiException Invalid(string param, string message) => new(StatusCodes.Status400BadRequest, "invalid_parameter", message, param);

    /// <summary>USD per million tokens, and per second of video; what is left out is free, but <c>cached</c> and <c>embeddings</c> cost what <c>prompt</c> does.</summary>
    /// <param name="From">When it begins, UTC; null: now.</param>
    /// <param name="By">Who sets it.</param>
    private sealed record NewRate(
        decimal? Prompt, decimal? Cached, decimal? Completion, decimal? Embeddings, decimal? VideoSecond, string? From, string? By)
    {
        private const decimal PriceMax = 1_000_000m;
        private const decimal Smallest = 0.000001m;

        public PriceSpec ToPrice()
        {
            if ((Prompt ?? Cached ?? Completion ?? Embeddings ?? VideoSecond) is null)
            {
                throw Invalid("prompt", "Name at least one price: prompt, cached, completion, embeddings or video_second. 0 is free.");
            }
            return new PriceSpec(
                Amount("prompt", Prompt), Amount("cached", Cached ?? Prompt), Amount("completion", Completion),
                Embeddings is null ? null : Amount("embeddings", Embeddings), Amount("video_second", VideoSecond));
        }

        private static decimal Amount(string name, decimal? amount) => amount switch
        {
            null => 0,
            < 0 or > PriceMax => throw Invalid(name, $"{amount} is not a price; write USD from 0 to {PriceMax:0}."),
            { } price when price % Smallest != 0 => throw Invalid(name, $"{price} has more than six decimals."),
            { } price => price,
        };
    }

    private sealed record NewRerating(string? From, string? To, int? RateVersion, string? Reason, string? By);

    private sealed record RateList(string Object, IReadOnlyList<RateView> Data);

    private sealed record ReratingList(string Object, IReadOnlyList<ReratingView> Data);
}
