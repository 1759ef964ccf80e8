using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>One storm. Times in ms, memory in bytes.</summary>
internal sealed record StormSample(
    int Requests, int Clean, IReadOnlyDictionary<string, int> Failures, double ReadyToEngine, double ReadyToFirst, double ReadyToLastBegun, double ReadyToAll,
    double CommentP50, double CommentP99, double Memory)
{
    /// <param name="ready">When the engine's first answer was complete.</param>
    /// <param name="memory">What the gateway's resident memory grew by, at its peak.</param>
    public static StormSample Of(int requests, long ready, LoadResult load, double memory)
    {
        var served = load.Details.Where(d => d.FirstToken > 0).ToList();
        double Since(Func<RequestDetail, long> moment, bool last = false) =>
            served.Count == 0 ? double.NaN : ((last ? served.Max(moment) : served.Min(moment)) - ready) / 1e6;
        var comments = load.Details.Where(d => d.FirstComment > 0).Select(d => (d.FirstComment - d.Intended) / 1e6).ToList();
        return new StormSample(
            requests, load.Clean, load.Failures, Since(d => d.Arrived), Since(d => d.FirstToken), Since(d => d.FirstToken, last: true), Since(d => d.Ended, last: true),
            Statistics.Median(comments), Statistics.Percentile(comments, 99), memory);
    }

    public override string ToString() =>
        $"{Requests,5} parked: {Clean} answered, first at the engine {ReadyToEngine:0.0} ms, first answer {ReadyToFirst:0.0} ms, all {ReadyToAll:0} ms after readiness; first comment p50 {CommentP50:0} ms; {Memory / 1e6:0.0} MB" +
        string.Concat(Failures.Select(f => $"  {f.Key}: {f.Value}"));
}
