using System.Collections.Concurrent;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>What is not as promised.</summary>
internal sealed class Findings
{
    private readonly ConcurrentQueue<string> _all = new();

    public IReadOnlyCollection<string> All => _all;

    public void Add(string what) => _all.Enqueue($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}");

    public void Hold(bool condition, Func<string> what)
    {
        if (!condition)
        {
            Add(what());
        }
    }
}
