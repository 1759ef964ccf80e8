using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.State;

/// <summary>What a server fills in for what a job leaves out, and what it refuses.</summary>
internal static class JobDefaults
{
    private const long Second = 1_000_000_000;
    private const long Minute = 60 * Second;

    public static void Apply(JsonObject job, string space)
    {
        job["Name"] ??= job["ID"]?.DeepClone();
        job["Namespace"] = space;
        job["Region"] ??= "global";
        job["Type"] ??= "service";
        job["Priority"] ??= 50;
        job["NodePool"] = Json.Text(job["NodePool"]) is { Length: > 0 } pool ? pool : "default";
        job["Datacenters"] ??= new JsonArray("*");
        var service = Json.Text(job["Type"]) == "service";
        foreach (var group in Json.Items(job["TaskGroups"]))
        {
            group["Count"] ??= 1;
            Group(group, Json.Text(job["Type"]));
            if (service && (group["Update"] ?? job["Update"]) is not null)
            {
                group["Update"] = Update(job["Update"] as JsonObject, group["Update"] as JsonObject);
            }
            else
            {
                group["Update"] = service ? Update(null, null) : null;
            }
        }
    }

    /// <summary>Null: it is well formed.</summary>
    public static string? Fault(JsonObject job)
    {
        var groups = Json.Items(job["TaskGroups"]).ToArray();
        var faults = new List<string>();
        if (groups.Length == 0)
        {
            faults.Add("Missing job task groups");
        }
        if (Json.Text(job["Type"]) is not ("service" or "batch" or "system" or "sysbatch"))
        {
            faults.Add($"Invalid job type: \"{Json.Text(job["Type"])}\"");
        }
        foreach (var group in groups)
        {
            var tasks = Json.Items(group["Tasks"]).ToArray();
            if (tasks.Length == 0)
            {
                faults.Add($"Task group {Json.Text(group["Name"])} validation failed: 1 error occurred:\n\t* Missing tasks for task group");
            }
            foreach (var task in tasks.Where(static t => Json.Text(t["Driver"]).Length == 0))
            {
                faults.Add($"Task {Json.Text(task["Name"])} validation failed: 1 error occurred:\n\t* Missing task driver");
            }
            var update = group["Update"];
            if (update is not null && Json.Number(update["MaxParallel"]) > 0)
            {
                if (Json.Duration(update["MinHealthyTime"]) >= Json.Duration(update["HealthyDeadline"]))
                {
                    faults.Add("Minimum healthy time must be less than healthy deadline");
                }
                if (Json.Duration(update["ProgressDeadline"]) is var progress && progress != TimeSpan.Zero
                    && Json.Duration(update["HealthyDeadline"]) >= progress)
                {
                    faults.Add("Healthy deadline must be less than progress deadline");
                }
            }
        }
        return faults.Count == 0
            ? null
            : $"{faults.Count} error{(faults.Count == 1 ? "" : "s")} occurred:\n\t* {string.Join("\n\t* ", faults)}\n\n";
    }

    private static void Group(JsonObject group, string type)
    {
        group["RestartPolicy"] = Merge(group["RestartPolicy"] as JsonObject, type is "batch" or "sysbatch"
            ? [("Attempts", 3), ("Interval", 24 * 60 * Minute), ("Delay", 15 * Second), ("Mode", "fail")]
            : [("Attempts", 2), ("Interval", 30 * Minute), ("Delay", 15 * Second), ("Mode", "fail")]);
        group["ReschedulePolicy"] = Merge(group["ReschedulePolicy"] as JsonObject, type switch
        {
            "service" => [("Attempts", 0), ("Interval", 0), ("Delay", 30 * Second), ("DelayFunction", "exponential"), ("MaxDelay", 60 * Minute), ("Unlimited", true)],
            "batch" => [("Attempts", 1), ("Interval", 24 * 60 * Minute), ("Delay", 5 * Second), ("DelayFunction", "constant"), ("MaxDelay", 0), ("Unlimited", false)],
            _ => [("Attempts", 0), ("Interval", 0), ("Delay", 0), ("DelayFunction", ""), ("MaxDelay", 0), ("Unlimited", false)],
        });
        foreach (var task in Json.Items(group["Tasks"]))
        {
            task["KillTimeout"] ??= 5 * Second;
            task["RestartPolicy"] = Merge(task["RestartPolicy"] as JsonObject, []) is { Count: > 0 } own
                ? Merge(own, [.. group["RestartPolicy"]!.AsObject().Select(static e => (e.Key, e.Value?.DeepClone()))])
                : group["RestartPolicy"]!.DeepClone();
            task["Resources"] = Merge(task["Resources"] as JsonObject, [("CPU", 100), ("MemoryMB", 300), ("MemoryMaxMB", 0)]);
            task["LogConfig"] = Merge(task["LogConfig"] as JsonObject, [("MaxFiles", 10), ("MaxFileSizeMB", 10), ("Disabled", false)]);
        }
    }

    private static JsonObject Update(JsonObject? ofJob, JsonObject? ofGroup)
    {
        var own = Merge(ofGroup, [.. (ofJob ?? []).Select(static e => (e.Key, e.Value?.DeepClone()))]);
        return Merge(own,
        [
            ("Stagger", 30 * Second), ("MaxParallel", 1), ("HealthCheck", "checks"), ("MinHealthyTime", 10 * Second),
            ("HealthyDeadline", 5 * Minute), ("ProgressDeadline", 10 * Minute), ("AutoRevert", false), ("AutoPromote", false), ("Canary", 0),
        ]);
    }

    private static JsonObject Merge(JsonObject? own, (string Key, JsonNode? Value)[] defaults)
    {
        var merged = new JsonObject((own ?? []).Where(static e => e.Value is not null).Select(static e => KeyValuePair.Create(e.Key, e.Value?.DeepClone())));
        foreach (var (key, value) in defaults)
        {
            if (value is not null)
            {
                merged[key] ??= value;
            }
        }
        return merged;
    }
}
