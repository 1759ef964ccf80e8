using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>What an allocation's state means for its replica. Pure.</summary>
internal static class Judgement
{
    /// <summary>
    /// How it ended, or why it is about to; null: it runs. One whose node lost contact (<c>unknown</c>) may well serve: Podvirt's own
    /// probes decide about that, until Nomad gives it up as lost.
    /// </summary>
    public static string? Ending(Allocation allocation)
    {
        var on = allocation.NodeName is { Length: > 0 } name ? $" on {name}" : "";
        if (allocation.ClientStatus == "lost")
        {
            return $"lost{on}: its node is down or out of reach";
        }

        if (allocation.ClientStatus is "failed" or "complete")
        {
            return LastWords(allocation) is { Length: > 0 } words ? $"{allocation.ClientStatus}{on}: {words}" : allocation.ClientStatus + on;
        }

        if (allocation.DesiredTransition?.Migrate == true)
        {
            return $"its node is drained{on}";
        }

        return allocation.IsStopping
            ? $"Nomad stops it{on}{(allocation.DesiredDescription is { Length: > 0 } why ? ": " + why : "")}"
            : null;
    }

    /// <summary>The engine process has an end to tell of, and a log with it.</summary>
    public static bool HasLog(Allocation allocation) => allocation.ClientStatus != "lost";

    /// <summary>Where the engine listens; null: nothing is allocated yet.</summary>
    public static string? Address(Allocation allocation)
    {
        var shared = allocation.AllocatedResources?.Shared;
        var port = (shared?.Ports ?? []).Concat((shared?.Networks ?? []).SelectMany(
                network => (network.DynamicPorts ?? []).Select(dynamic => dynamic with { HostIP = network.IP ?? "" })))
            .FirstOrDefault(port => port.Label == EngineJobs.Task && port.HostIP.Length > 0);
        return port is null ? null : port.HostIP.Contains(':') ? $"http://[{port.HostIP}]:{port.Value}" : $"http://{port.HostIP}:{port.Value}";
    }

    /// <summary>Ids of the devices that it claims.</summary>
    public static IReadOnlyList<string> Gpus(Allocation allocation) =>
    [
        .. (allocation.AllocatedResources?.Tasks ?? []).Values.SelectMany(task => task.Devices ?? [])
            .Where(device => device.Type == "gpu").SelectMany(device => device.DeviceIDs ?? []),
    ];

    /// <summary>Of the task's events, the last one that says how it came to this.</summary>
    private static string LastWords(Allocation allocation)
    {
        var events = (allocation.TaskStates ?? []).Values.SelectMany(task => task.Events ?? []).OrderBy(happened => happened.Time).ToList();
        var last = events.FindLast(happened => happened.Type is "Terminated" or "Driver Failure" or "Setup Failure" or "Failed Validation"
            or "Failed Artifact Download" or "Killed");
        return last?.DisplayMessage ?? allocation.ClientDescription ?? "";
    }
}
