using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Invoices;

/// <summary>
/// Gpu time in which replicas started or woke, by project. A start serves whoever waits for it, so a model's time is shared
/// out by how many requests of each project waited for a start or a wake; what nobody waited for is on no invoice.
/// </summary>
internal static class ColdStartShares
{
    /// <param name="gpuTime">All of the time in question.</param>
    /// <param name="waited">Who waited in it, by project and model.</param>
    /// <param name="project">Null: all.</param>
    public static IReadOnlyList<ColdStartTime> Of(IEnumerable<GpuSeconds> gpuTime, IEnumerable<ColdStarts> waited, string? project)
    {
        var warming = gpuTime.Where(s => s.Use == GpuUse.Warming).GroupBy(s => s.Model, StringComparer.Ordinal);
        var byModel = waited.ToLookup(w => w.Model, StringComparer.Ordinal);
        return
        [
            .. warming.SelectMany(model => Share(model.Key, model.Sum(s => s.GpuMicroseconds), [.. byModel[model.Key]]))
                .Where(share => share.GpuMicroseconds > 0 && (project is null || share.Project == project)),
        ];
    }

    /// <summary>The shares add up to the whole.</summary>
    private static IEnumerable<ColdStartTime> Share(string model, long whole, List<ColdStarts> projects)
    {
        var all = projects.Sum(p => p.Requests);
        var (sum, given) = (Int128.Zero, 0L);
        foreach (var (project, _, requests) in projects)
        {
            sum += requests;
            var upTo = (long)(whole * sum / all);
            yield return new ColdStartTime(project, model, upTo - given);
            given = upTo;
        }
    }
}

/// <summary>How many requests of a project waited for a start or a wake of a model.</summary>
internal sealed record ColdStarts(string Project, string Model, long Requests);
