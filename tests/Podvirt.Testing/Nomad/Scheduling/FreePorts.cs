using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>
/// Dynamic ports of a node's range (20000 to 32000): below the kernel's own, so that no other socket of the machine takes
/// one between its choice and the task's start.
/// </summary>
internal static class FreePorts
{
    private static int s_next = Random.Shared.Next(NodeJson.DynamicPortMin, NodeJson.DynamicPortMax);

    public static int Next(IReadOnlySet<int> taken)
    {
        for (var tries = NodeJson.DynamicPortMin; tries < NodeJson.DynamicPortMax; tries++)
        {
            var span = NodeJson.DynamicPortMax - NodeJson.DynamicPortMin;
            var port = NodeJson.DynamicPortMin + (int)((uint)Interlocked.Increment(ref s_next) % span);
            if (!taken.Contains(port) && Ports.IsFree(port))
            {
                return port;
            }
        }
        throw new InvalidOperationException("No port of the dynamic range is free.");
    }
}
