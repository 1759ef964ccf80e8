namespace Podvirt.Metering.Tests;

/// <summary>Waits for a condition that another thread brings about, for a minute at most.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    public static async Task TrueAsync(Func<bool> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(s_pause, deadline.Token);
        }
    }
}
