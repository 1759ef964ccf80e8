namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>The few times that tests let pass, and why.</summary>
internal static class Pauses
{
    /// <summary>Between two looks at a condition.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(2);

    /// <summary>Long enough for the gateway to see one piece by itself; no outcome hangs on it.</summary>
    public static readonly TimeSpan BetweenPieces = TimeSpan.FromMilliseconds(1);

    /// <summary>An engine's pace, far below the time-out that the test sets.</summary>
    public static readonly TimeSpan SlowToken = TimeSpan.FromMilliseconds(60);

    /// <summary>Several times the token time-out that the test sets: what must not happen by then would have.</summary>
    public static readonly TimeSpan BeyondTokenTimeout = TimeSpan.FromMilliseconds(1500);

    /// <summary>For a "nothing happens": a wrong gateway answers within a few milliseconds.</summary>
    public static readonly TimeSpan NothingHappens = TimeSpan.FromMilliseconds(300);
}

/// <summary>Waits for a condition, never for a time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(condition, () => what);

    public static async Task TrueAsync(Func<bool> condition, Func<string> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < s_limit, $"Waited in vain until {what()}.");
            await Task.Delay(Pauses.Poll);
        }
    }

    /// <summary>A task that should end by itself.</summary>
    public static Task Within(this Task task, double seconds = 20) => task.WaitAsync(TimeSpan.FromSeconds(seconds));

    public static Task<T> Within<T>(this Task<T> task, double seconds = 20) => task.WaitAsync(TimeSpan.FromSeconds(seconds));
}
