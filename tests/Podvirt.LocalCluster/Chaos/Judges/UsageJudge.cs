using System.Diagnostics;
using Podvirt.LocalCluster.Chaos.Load;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>Holds the ledger against what clients read: who saw an end is on it once with the counts that it read, who was cut with no more than it was sent.</summary>
internal sealed class UsageJudge(Absences absences, Findings findings)
{
    // What a gateway had read and not sent when it was killed: a read or two.
    private const int UnsentTokensMax = 8;

    // A client that left is recorded by then; a checkpoint of a killed gateway is no older.
    private static readonly long s_settled = 2 * Stopwatch.Frequency;

    /// <summary>Calls that were cut after their client had read tokens.</summary>
    public int CutCalls { get; private set; }

    /// <summary>The most that the record of a cut call lacks of what its client had read.</summary>
    public long LackingMax { get; private set; }

    public void Judge(IReadOnlyCollection<ChaosCall> calls, IReadOnlyDictionary<string, UsageRecord> records)
    {
        foreach (var call in calls.Where(static c => c.Id is not null))
        {
            Judge(call, records.GetValueOrDefault(call.Id!));
        }
        // Nobody can know the id of an answer whose head never came.
        var known = calls.Where(static c => c.Id is not null).Select(static c => c.Id!).ToHashSet(StringComparer.Ordinal);
        var unknown = records.Values.Where(r => !known.Contains(r.Id)).ToList();
        var unanswered = calls.Count(static c => c.End is CallEnd.Unanswered or CallEnd.Hung);
        findings.Hold(unknown.Count <= unanswered, () => $"{unknown.Count} records that no client knows of, and {unanswered} calls without an id: {string.Join("; ", unknown.Take(5))}");
    }

    private void Judge(ChaosCall call, UsageRecord? record)
    {
        var isExact = record?.Completion == call.Completion && record.Prompt == call.Prompt;
        switch (call.End)
        {
            case CallEnd.Finished:
                Hold(record is not null, call, record, "an answer that ended is not on the ledger");
                Hold(record is null || record.Outcome == (call.IsAborted ? "truncated" : "completed"), call, record, "the outcome is another one");
                Hold(record is null || isExact, call, record, "the counts are other ones");
                break;
            case CallEnd.ToldOfError:
                // While it was parked there was no answer that could have been cut.
                Hold(record?.Outcome == "truncated" || (record?.Outcome == "failed" && call.Completion == 0), call, record, "the outcome of an error in a stream is another one");
                Hold((record?.Completion ?? 0) == call.Completion, call, record, "the counts up to an error are other ones");
                break;
            case CallEnd.Left or CallEnd.Cut or CallEnd.Hung:
                JudgeCut(call, record);
                break;
            case CallEnd.Refused:
                Hold((record?.Completion ?? 0) == 0, call, record, "a refused call is billed");
                break;
        }
    }

    private void JudgeCut(ChaosCall call, UsageRecord? record)
    {
        var count = record?.Completion ?? 0;
        var wasAway = absences.Of(call.Plan.Gateway, call.BeganAt, call.EndedAt + s_settled).Count > 0;
        if (call.End == CallEnd.Left && !wasAway)
        {
            Hold(record is not null && count >= call.Completion, call, record, "a call that was left is recorded with less than was read");
        }
        // One that had its whole answer but for the end is complete, and one that was left may have been whole by then: of others nothing can be known that was never sent.
        var isWhole = record?.Outcome == "completed" || call.End == CallEnd.Left;
        var most = isWhole || !call.Plan.IsStream ? call.Plan.Tokens : call.Completion + UnsentTokensMax;
        Hold(count <= most, call, record, "more than its client was sent");
        if (call is { End: CallEnd.Cut, Completion: > 0 })
        {
            CutCalls++;
            LackingMax = Math.Max(LackingMax, call.Completion - count);
        }
    }

    private void Hold(bool condition, ChaosCall call, UsageRecord? record, string what) =>
        findings.Hold(condition, () => $"{what}: {call}; {record?.ToString() ?? "no record"}");
}
