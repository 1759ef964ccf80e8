using System.Globalization;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>Why Nomad places a job nowhere, in words and with the numbers. Pure.</summary>
internal static class NoRoom
{
    private const double GiB = 1L << 30;

    /// <summary>
    /// True: waiting helps nothing, no node could ever take it. Nomad calls a claim over cards of several kinds busy for ever, so that
    /// the groups decide about gpus.
    /// </summary>
    public static bool IsForGood(PlacementMetric metric, int count, long bytes, IReadOnlyList<DeviceGroup> groups) =>
        metric.NodesExhausted == 0 || (count > 0 && !groups.Any(group => group.MemoryBytes >= bytes && group.Total >= count));

    /// <param name="count">Gpus that the job claims; 0: none.</param>
    /// <param name="bytes">On each of them.</param>
    /// <param name="groups">Of every node where the job may run.</param>
    public static string Tell(PlacementMetric metric, int count, long bytes, IReadOnlyList<DeviceGroup> groups)
    {
        var others = string.Join(", ", Counts(metric.ConstraintFiltered).Concat(Counts(metric.DimensionExhausted)).Concat(Counts(metric.ClassFiltered)));
        if (count == 0)
        {
            return $"Nomad finds no node for it: {Or(others, "there is none in its pool and datacenters")}";
        }

        var need = $"{count} × {Size(bytes)} gpus of one kind";
        var large = groups.Where(group => group.MemoryBytes >= bytes).ToList();
        if (!large.Exists(group => group.Total >= count))
        {
            var most = large.MaxBy(group => group.Total) ?? groups.MaxBy(group => (group.MemoryBytes, group.Total));
            return most is null ? $"no node has {need}: no node has any gpu" : $"no node has {need}: the most is {Show(most)}";
        }

        var free = large.MaxBy(group => group.Free)!;
        return free.Free < count
            ? $"no node has {need} free: at most {free.Free} of {free.Total} × {Size(free.MemoryBytes)} ({free.Name} on {free.Node})"
            : $"Nomad finds no node with {need} for it: {Or(others, "all are filtered out")}";
    }

    private static string Show(DeviceGroup group) => $"{group.Total} × {Size(group.MemoryBytes)} ({group.Name} on {group.Node})";

    private static IEnumerable<string> Counts(Dictionary<string, int>? counts) =>
        (counts ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} on {pair.Value} node{(pair.Value == 1 ? "" : "s")}"));

    private static string Or(string text, string other) => text.Length > 0 ? text : other;

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(bytes / GiB, 1):0.#} GiB");
}
