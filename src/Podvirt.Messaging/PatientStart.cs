using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging;

/// <summary>
/// What a process asks a cluster's state store and leases for before it serves: while they do not answer, the start waits for them. Where
/// a process is alone its store is a file, a failure does not go away by waiting, and there is none of these.
/// </summary>
public sealed partial class PatientStart(TimeProvider time, ILogger<PatientStart> log)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>Returns when it has been done. Begun again from its beginning a second after the store did not answer.</summary>
    /// <param name="what">In words for the log.</param>
    /// <param name="start">May be begun more than once.</param>
    /// <param name="cancellationToken">Ends it: the host does not start.</param>
    public async Task RunAsync(string what, Func<CancellationToken, Task> start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        while (true)
        {
            try
            {
                await start(cancellationToken);
                return;
            }
            catch (IOException error)
            {
                LogWaits(what, s_pause, error);
            }
            await Task.Delay(s_pause, time, cancellationToken);
        }
    }

    [LoggerMessage(3018, LogLevel.Error, "The start waits at {What}: the state store does not answer. It is asked again every {Delay}.")]
    private partial void LogWaits(string what, TimeSpan delay, Exception error);
}

public static class PatientStarts
{
    /// <summary>At once, and once, where the process is alone.</summary>
    /// <inheritdoc cref="PatientStart.RunAsync"/>
    public static Task RunOrWaitAsync(this PatientStart? patience, string what, Func<CancellationToken, Task> start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        return patience is null ? start(cancellationToken) : patience.RunAsync(what, start, cancellationToken);
    }
}
