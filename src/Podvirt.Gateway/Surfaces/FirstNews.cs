namespace Podvirt.Gateway.Surfaces;

/// <summary>Requests that come right after a start wait for what the gateway has not heard yet: its keys, its models.</summary>
internal static class FirstNews
{
    // Stores and scheduler start in well under a second; who has heard nothing by then is told to come again.
    private static readonly TimeSpan s_waitMax = TimeSpan.FromSeconds(10);

    /// <returns>False when it has not come in time.</returns>
    public static async ValueTask<bool> HasComeAsync(Task first, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!first.IsCompleted)
        {
            await Task.WhenAny(first, Task.Delay(s_waitMax, time, cancellationToken));
        }
        return first.IsCompleted;
    }
}
