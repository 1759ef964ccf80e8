namespace Podvirt.Gateway.Admission.Quotas;

/// <summary>A request's wait for more of a shared limit.</summary>
internal static class ChunkWait
{
    /// <summary>What others do not hold is there with the first; the second is for who came in between.</summary>
    public const int TriesMax = 2;

    /// <returns>False: it took too long, or the client left.</returns>
    public static async ValueTask<bool> HasComeAsync(Task refill, GatewayOptions options, TimeProvider time, CancellationToken clientGone)
    {
        await refill.WaitAsync(options.ChunkWaitMax, time, clientGone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return refill.IsCompletedSuccessfully;
    }
}
