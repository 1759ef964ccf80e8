using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

internal enum Fate
{
    Keep,

    /// <summary>Stop it, and put another in its place.</summary>
    Replace,

    /// <summary>Its node is out of reach: leave it be, and put another beside it until the node is back.</summary>
    KeepAndReplace,

    /// <summary>Stop it; nothing takes its place.</summary>
    Drop,
}

/// <summary>What becomes of an allocation that was to run, by its node's and its client's state.</summary>
internal static class Fates
{
    public static Fate Of(NomadWrite write, EvaluationRecord evaluation, JsonObject group, AllocationRecord allocation)
    {
        if (allocation.ClientTerminal)
        {
            return Ended(write, evaluation, group, allocation);
        }
        switch (allocation.Node.Status)
        {
            case "down":
                return Fate.Replace;
            case "disconnected":
                if (allocation.ClientStatus != "unknown")
                {
                    allocation.ClientStatus = "unknown";
                    allocation.ClientDescription = "alloc is unknown since its node is disconnected";
                    write.Allocation(allocation, "PlanResult");
                }
                return Json.Truth(group["Disconnect"]?["Replace"], otherwise: true) ? Fate.KeepAndReplace : Fate.Keep;
        }
        return allocation.Migrate || (allocation.Node.Draining && !allocation.JobThen.IsSystem) ? Fate.Replace : Fate.Keep;
    }

    public static string Description(AllocationRecord allocation) => allocation switch
    {
        { Node.Status: "down" } => "alloc is lost since its node is down",
        { ClientStatus: "failed" } => "alloc was rescheduled because it failed",
        { Migrate: true } or { Node.Draining: true } => "alloc is being migrated",
        _ => "alloc not needed due to job update",
    };

    /// <summary>How long a group's clients may be out of reach before they count as lost; null: they are lost at once.</summary>
    public static TimeSpan? LostAfter(JsonObject? group) => group?["Disconnect"]?["LostAfter"] is { } after
        ? Json.Duration(after)
        : group?["MaxClientDisconnect"] is { } older ? Json.Duration(older) : null;

    private static Fate Ended(NomadWrite write, EvaluationRecord evaluation, JsonObject group, AllocationRecord allocation)
    {
        if (allocation.Migrate)
        {
            return Fate.Replace;
        }
        var policy = group["ReschedulePolicy"];
        switch (allocation.ClientStatus)
        {
            case "complete":
                return allocation.JobThen.Type == "batch" ? Fate.Keep : Fate.Replace;
            case "failed" when !Json.Truth(policy?["Unlimited"]) && allocation.Reschedules >= Json.Number(policy?["Attempts"]):
                // It stays in its place, for people to see, until the job changes or stops.
                return Rollout.Same(allocation, group) || allocation.JobVersion == allocation.JobThen.Version ? Fate.Keep : Fate.Replace;
            case "failed":
                var delay = Delay(policy, allocation.Reschedules);
                var due = DateTimeOffset.UnixEpoch.AddTicks(allocation.ModifyTime / 100) + delay;
                if (due <= DateTimeOffset.UtcNow || evaluation.Id == allocation.FollowupEval)
                {
                    return Fate.Replace;
                }
                if (allocation.FollowupEval.Length == 0)
                {
                    allocation.FollowupEval = Evaluator.Add(write, allocation.Job, "alloc-failure", at: due).Id;
                    var modified = allocation.ModifyTime;
                    write.Allocation(allocation, "PlanResult");
                    allocation.ModifyTime = modified;
                }
                return Fate.Keep;
            default:
                return Json.Truth(group["PreventRescheduleOnLost"]) ? Fate.Keep : Fate.Replace;
        }
    }

    private static TimeSpan Delay(JsonNode? policy, int before)
    {
        var first = Json.Duration(policy?["Delay"]);
        if (Json.Text(policy?["DelayFunction"]) == "constant" || before == 0)
        {
            return first;
        }
        var most = Json.Duration(policy?["MaxDelay"]);
        var grown = first * Math.Pow(2, Math.Min(before, 20));
        return most > TimeSpan.Zero && grown > most ? most : grown;
    }
}
