using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>The gpus of one node that a job may claim together: one vendor, type and name.</summary>
/// <param name="Total">All of the node's that its device plugin calls healthy.</param>
/// <param name="Free">Those that nobody claims.</param>
internal sealed record DeviceGroup(string Node, string Name, long MemoryBytes, int Total, int Free)
{
    /// <param name="claimed">Ids of devices that allocations of the node have.</param>
    public static DeviceGroup Of(string node, NodeDevice device, IReadOnlySet<string> claimed)
    {
        var healthy = (device.Instances ?? []).Where(instance => instance.Healthy).ToList();
        return new DeviceGroup(
            node, $"{device.Vendor}/{device.Type}/{device.Name}", BytesOf(device), healthy.Count, healthy.Count(instance => !claimed.Contains(instance.ID)));
    }

    private static long BytesOf(NodeDevice device) => device.Attributes?.GetValueOrDefault("memory") is not { Int: { } amount } memory ? 0
        : amount * memory.Unit switch
        {
            "GiB" => 1L << 30,
            "MiB" => 1L << 20,
            "GB" => 1_000_000_000L,
            "MB" => 1_000_000L,
            _ => 1L,
        };
}
