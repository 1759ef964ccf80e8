using System.Globalization;
using System.Text;
using System.Text.Json;
using Podvirt.LocalCluster.Chaos.Judges;
using Podvirt.LocalCluster.Chaos.Load;

namespace Podvirt.LocalCluster.Chaos.Summaries;

/// <summary>What was broken how often, how calls ended, and what was lost.</summary>
/// <param name="Broken">Times, by component and kind.</param>
/// <param name="Calls">By how they ended.</param>
/// <param name="Errors">Refusals and errors in streams, by code.</param>
/// <param name="CutCalls">Cut with tokens read, by a gateway's kill.</param>
/// <param name="LackingMax">The most tokens that the record of one of these lacks.</param>
/// <param name="GpuBytesMost">The most that was held of any gpu at any look.</param>
/// <param name="FailedStarts">Processes that ended during their start because of what was broken then, and were started again.</param>
/// <param name="RecoverySeconds">From the last mending until all parts were ready, one led, and every model was served through every gateway.</param>
/// <param name="Findings">What is not as promised.</param>
internal sealed record ChaosSummary(
    int Seed, double Minutes, IReadOnlyDictionary<string, int> Broken, IReadOnlyDictionary<string, int> Calls, IReadOnlyDictionary<string, int> Errors,
    int Records, long TokensBilled, int CutCalls, long LackingMax, long GpuBytesMost, long GpuBytes, int GpuLooks, int FailedStarts, double RecoverySeconds)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    public IReadOnlyCollection<string> Findings { get; init; } = [];

    public static ChaosSummary Of(
        ChaosOptions options, IReadOnlyDictionary<(string Component, string Kind), int> broken, IReadOnlyCollection<ChaosCall> calls,
        IReadOnlyDictionary<string, UsageRecord> records, UsageJudge usage, GpuJudge gpus, int failedStarts, TimeSpan recovered) => new(
            options.Seed, options.Time.TotalMinutes,
            new SortedDictionary<string, int>(broken.ToDictionary(static b => $"{b.Key.Component} {b.Key.Kind}", static b => b.Value), StringComparer.Ordinal),
            Count(calls, static c => c.End.ToString()),
            Count(calls.Where(static c => c.Code is not null), static c => $"{(c.End == CallEnd.Refused ? c.Status : "in a stream")} {c.Code}"),
            records.Count, records.Values.Sum(static r => r.Prompt + r.Completion), usage.CutCalls, usage.LackingMax,
            gpus.BytesMost, ChaosCatalog.GpuBytes, gpus.Looks, failedStarts, Math.Round(recovered.TotalSeconds, 1));

    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# Chaos: seed {Seed}, {Minutes:0.##} min").AppendLine();
        Table(text, "broken", Broken);
        Table(text, "calls that ended", Calls);
        Table(text, "errors that clients were told", Errors);
        text.AppendLine(CultureInfo.InvariantCulture, $"- {Records} usage records, {TokensBilled} tokens; {CutCalls} calls were cut with a gateway's kill, and the record of one lacks at most {LackingMax} tokens");
        text.AppendLine(CultureInfo.InvariantCulture, $"- of a gpu's {GpuBytes >> 30} GiB at most {GpuBytesMost / (double)(1 << 30):0.0} GiB were held, in {GpuLooks} looks");
        text.AppendLine(CultureInfo.InvariantCulture, $"- {FailedStarts} starts failed because of what was broken, and were tried again");
        text.AppendLine(CultureInfo.InvariantCulture, $"- everything was back {RecoverySeconds:0.0} s after the last mending").AppendLine();
        text.AppendLine(Findings.Count == 0 ? "Lost: nothing." : $"{Findings.Count} findings:").AppendLine();
        foreach (var finding in Findings)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- {finding}");
        }
        return text.ToString();
    }

    private static SortedDictionary<string, int> Count(IEnumerable<ChaosCall> calls, Func<ChaosCall, string> by) =>
        new(calls.GroupBy(by).ToDictionary(static g => g.Key, static g => g.Count()), StringComparer.Ordinal);

    private static void Table(StringBuilder text, string title, IReadOnlyDictionary<string, int> counts)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"| {title} | {counts.Values.Sum()} |").AppendLine("|---|---|");
        foreach (var (what, count) in counts)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {count} |");
        }
        text.AppendLine();
    }
}
