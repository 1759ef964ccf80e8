using System.Diagnostics;

namespace Podvirt.FunctionalTests.Fixtures;

/// <summary>Waits for a condition that real processes bring about.</summary>
public static class Until
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > s_limit)
            {
                throw new TimeoutException($"Waited {s_limit.TotalSeconds} s. {what()}");
            }
            await Task.Delay(s_pause);
        }
    }
}
