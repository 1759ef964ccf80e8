namespace Podvirt.Core.Tests;

/// <summary>Counts managed bytes.</summary>
internal static class Allocations
{
    private const int WarmUps = 100;
    private const int Runs = 1000;

    /// <summary>What many runs of <paramref name="action"/> allocate on this thread, once everything is warm.</summary>
    public static long Of(Action action)
    {
        for (var i = 0; i < WarmUps; i++)
        {
            action();
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Runs; i++)
        {
            action();
        }
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
