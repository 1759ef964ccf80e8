using System.Globalization;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Fleet;

/// <summary>Everything that a list of models is made of, at one moment.</summary>
/// <param name="Routes">The last table heard; empty before the first.</param>
/// <param name="Demand">Waiting and in flight by model, over all gateways.</param>
/// <param name="Totals">All-time requests by model.</param>
/// <param name="LogTails">The engine's last lines, by failed model.</param>
/// <param name="ConfiguredGpuType">The type of all gpus of this installation, where they are of one type.</param>
internal sealed record FleetSnapshot(
    Catalog Catalog, RouteTable Routes, IReadOnlyDictionary<string, Demand> Demand, IReadOnlyDictionary<string, long> Totals,
    IReadOnlyDictionary<string, IReadOnlyList<string>> LogTails, string? ConfiguredGpuType, DateTimeOffset Now);

internal readonly record struct Demand(int Waiting, int InFlight);

/// <summary>Snapshot → views. Pure.</summary>
internal static class ModelViews
{
    /// <summary>In the catalog's order.</summary>
    public static ModelList List(FleetSnapshot snapshot)
    {
        var routes = snapshot.Routes.Models.ToDictionary(r => r.Model.Id, StringComparer.Ordinal);
        return new ModelList([.. snapshot.Catalog.Models.Select(m => View(snapshot, m, routes.GetValueOrDefault(m.Id)))]);
    }

    private static ModelView View(FleetSnapshot snapshot, ModelSpec model, ModelRoute? route)
    {
        var demand = snapshot.Demand.GetValueOrDefault(model.Id);
        var status = route?.Status ?? ModelStatus.Cold;
        return new ModelView(
            model.Id, model.Vendor, model.Name, model.Type.ToName(), model.Engine.Kind.ToName(),
            status.ToName(),
            status == ModelStatus.Failed ? route?.Failure?.Reason : null,
            route?.FailedReplicas ?? 0,
            model.Revision,
            new GpuView(model.Gpu.Count, GpuType(snapshot, model, route), model.Gpu.MemoryBytes),
            new ReplicasView(
                model.Replicas.Min, model.Replicas.Max, model.Replicas.Concurrency, route?.Replicas.Count(r => r.State == ReplicaState.Active) ?? 0),
            Price(model.Price),
            snapshot.Totals.GetValueOrDefault(model.Id),
            demand.InFlight, demand.Waiting,
            route?.StartupDurationMs,
            WarmUp(snapshot.Now, route),
            status == ModelStatus.Failed && route?.Failure is { } failure
                ? new FailureView(failure.Code, failure.Reason, failure.RetryAt, snapshot.LogTails.GetValueOrDefault(model.Id, []))
                : null,
            model.Video is { } offer ? new VideoOfferView(offer.Sizes, offer.Seconds, offer.MaxSeconds, offer.Fps) : null);
    }

    /// <summary>Of the replica that runs; else the only type there is; else unknown.</summary>
    private static string? GpuType(FleetSnapshot snapshot, ModelSpec model, ModelRoute? route)
    {
        if (model.Gpu.Count == 0)
        {
            return null;
        }
        var running = route?.Replicas.FirstOrDefault(r => r.GpuType.Length > 0)?.GpuType;
        return running ?? snapshot.ConfiguredGpuType;
    }

    private static PriceView? Price(PriceSpec? price) =>
        price is null ? null : new PriceView(
            Text(price.Prompt), Text(price.Cached), Text(price.Completion),
            price.Embedding is { } embedding ? Text(embedding) : null,
            price.VideoSecond == 0 ? null : Text(price.VideoSecond));

    /// <summary>At least two decimals, as money is written, and no zeros after that.</summary>
    private static string Text(decimal amount) => amount.ToString("0.00####", CultureInfo.InvariantCulture);

    private static WarmUpView? WarmUp(DateTimeOffset now, ModelRoute? route)
    {
        if (route?.WarmUp is not { } warmUp)
        {
            return null;
        }
        var eta = warmUp.ExpectedAt is null ? (long?)null : Milliseconds(warmUp.Left(now) ?? TimeSpan.Zero);
        return new WarmUpView(warmUp.Phase, Milliseconds(now - warmUp.Since), eta);
    }

    private static long Milliseconds(TimeSpan span) => Math.Max(0, (long)span.TotalMilliseconds);
}
