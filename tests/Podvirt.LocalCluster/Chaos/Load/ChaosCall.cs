using System.Diagnostics;

namespace Podvirt.LocalCluster.Chaos.Load;

/// <summary>How a call ended in its client's eyes.</summary>
internal enum CallEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>It saw the end: <c>[DONE]</c>, or a whole plain reply.</summary>
    Finished,

    /// <summary>It was told of an error within the stream.</summary>
    ToldOfError,

    /// <summary>It left.</summary>
    Left,

    /// <summary>Its connection broke off after the head.</summary>
    Cut,

    /// <summary>It was answered with an error's status.</summary>
    Refused,

    /// <summary>There was no head: the gateway could not be reached, or went before it answered.</summary>
    Unanswered,

    /// <summary>It was given up after <see cref="CallPlan.Limit"/>.</summary>
    Hung,
}

/// <summary>What a call is to do.</summary>
/// <param name="LeaveAfter">Tokens after which its client leaves; null: never.</param>
internal sealed record CallPlan(string Gateway, string Model, bool IsStream, int Tokens, int? LeaveAfter, string Session)
{
    /// <summary>More than all of the cluster's own time-outs together, the longest pause of a gateway included.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromMinutes(2);
}

/// <summary>One call, and what its client read.</summary>
internal sealed class ChaosCall(CallPlan plan)
{
    public CallPlan Plan => plan;

    /// <summary>By the machine's monotonic clock, as is <see cref="EndedAt"/>.</summary>
    public long BeganAt { get; } = Stopwatch.GetTimestamp();

    public long EndedAt { get; set; }

    public CallEnd End { get; set; }

    public string? Id { get; set; }

    public int Status { get; set; }

    public long Prompt { get; set; }

    /// <summary>Generated tokens, as counted by the engine and last read.</summary>
    public long Completion { get; set; }

    /// <summary>The engine gave it up and said so.</summary>
    public bool IsAborted { get; set; }

    /// <summary>The error's code.</summary>
    public string? Code { get; set; }

    /// <summary>An error that was not in the API's shape, or what broke.</summary>
    public string? Oddity { get; set; }

    public override string ToString() =>
        $"{plan.Gateway} {plan.Model} {(plan.IsStream ? "stream" : "plain")} {Id ?? "no id"}: {End} status {Status}, read {Prompt} + {Completion} of {plan.Tokens}, "
        + $"code {Code ?? "none"}, after {Stopwatch.GetElapsedTime(BeganAt, EndedAt).TotalSeconds:0.0} s{(Oddity is null ? "" : $"; {Oddity}")}";
}
