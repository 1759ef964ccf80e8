using System.Diagnostics;

namespace Podvirt.Testing;

/// <summary>Waits for a condition that real processes bring about.</summary>
public static class Until
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Tries until it works: what was changed is known within milliseconds, not at once.</summary>
    public static async Task<T> SucceedsAsync<T>(Func<Task<T>> attempt)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (Exception) when (watch.Elapsed < s_limit)
            {
                await Task.Delay(s_pause);
            }
        }
    }

    public static Task SucceedsAsync(Func<Task> attempt) => SucceedsAsync(async () =>
    {
        await attempt();
        return true;
    });

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
