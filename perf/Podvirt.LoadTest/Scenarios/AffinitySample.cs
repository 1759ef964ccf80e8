using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>One round of one way of routing; turns are those after the first.</summary>
/// <param name="Stayed">Turns that were answered by the replica of the first.</param>
/// <param name="Marks">What <c>x-podvirt-affinity</c> said, first turns left out.</param>
internal sealed record AffinitySample(
    SessionChoice Choice, int Turns, int Stayed, IReadOnlyDictionary<string, int> Marks, IReadOnlyDictionary<string, int> PerReplica, double FirstTokenP50, double FirstTokenP99, int Lost)
{
    public string Name => Choice == SessionChoice.PerSlot ? "by session" : "at random";

    public static AffinitySample Of(SessionChoice choice, LoadResult load)
    {
        var firsts = load.Details.Where(d => d.Turn == 0).ToDictionary(d => d.Slot, d => d.Replica);
        var later = load.Details.Where(d => d.Turn > 0 && d.FirstToken > 0).ToList();
        var times = later.Select(d => (d.FirstToken - d.Intended) / 1e6).ToList();
        return new AffinitySample(
            choice, later.Count, later.Count(d => d.Replica is not null && d.Replica == firsts.GetValueOrDefault(d.Slot)),
            later.GroupBy(d => d.Affinity ?? "none").ToDictionary(g => g.Key, g => g.Count()), load.Details.GroupBy(d => d.Replica ?? "none").ToDictionary(g => g.Key, g => g.Count()),
            Statistics.Median(times), Statistics.Percentile(times, 99), load.Started - load.Clean);
    }

    public override string ToString() =>
        $"{Name}: {Stayed} of {Turns} turns stayed ({string.Join(", ", Marks.Select(m => $"{m.Key} {m.Value}"))}), first token p50 {FirstTokenP50:0.0} p99 {FirstTokenP99:0.0} ms, not whole {Lost}, requests per replica {string.Join(' ', PerReplica.Values)}";
}
