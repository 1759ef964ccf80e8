using System.Globalization;
using Podvirt.Core.Usage;

namespace Podvirt.Api;

/// <summary>What became of a request, in words.</summary>
internal static class UsageExplanation
{
    private static readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal)
    {
        ["client_gone"] = "the client left",
        ["client_too_slow"] = "the client did not read its answer",
        ["body_too_slow"] = "the client's request came too slowly",
        ["incomplete_body"] = "the client's request broke off",
        ["engine_unreachable"] = "the engine could not be reached",
        ["engine_truncated"] = "the engine broke off its answer",
        ["engine_stalled"] = "the engine was silent for too long",
        ["engine_malformed"] = "the engine's answer could not be read",
        ["engine_refused"] = "the engine refused it",
        ["engine_busy"] = "no replica had room",
        ["engine_error"] = "the engine reported an error",
        ["model_warming_timeout"] = "the model was not up in time",
        ["model_start_failed"] = "the model could not be started",
        ["model_crashed"] = "the model's engine crashed",
        ["model_erroring"] = "the model's engine kept failing",
        ["model_unschedulable"] = "no gpu can hold the model",
        ["model_unreachable"] = "the external engine does not answer",
        ["rate_limit_exceeded"] = "a limit of its rate, or of the queue, was reached",
        ["insufficient_quota"] = "its project's plan or budget was used up",
        ["shutting_down"] = "the server was shutting down",
        ["invalid_usage"] = "the engine's counts cannot be true, so none is billed",
    };

    public static string Of(UsageRecord record)
    {
        var because = record.Reason.Length == 0 ? "" : _reasons.TryGetValue(record.Reason, out var reason) ? $": {reason}" : $": {record.Reason}";
        var end = record.Outcome switch
        {
            UsageOutcome.Completed => $"Completed{because}",
            UsageOutcome.Cancelled => $"Cancelled{because}",
            UsageOutcome.Truncated => $"Cut short after its answer had begun{because}",
            _ => $"Failed before an answer began{because}",
        };
        var waited = record.ParkedUs == 0
            ? "It did not wait for a replica."
            : $"It waited {Seconds(record.ParkedUs)} s for {(record.ColdStart ? "a replica to start or wake" : "room on a replica")}.";
        var counts = record.Source switch
        {
            UsageSource.None => " The engine reported no usage: billed at zero.",
            UsageSource.Quarantined => " The engine's counts cannot be true: billed at zero.",
            _ => "",
        };
        return $"{end}, after {Seconds(record.DurationUs)} s (status {record.Status}). {waited}{counts}";
    }

    private static string Seconds(long micros) => (micros / 1e6).ToString("0.###", CultureInfo.InvariantCulture);
}
