using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway;

/// <summary>
/// The orderly end: parked requests and those whose body is still coming are refused at once, running ones may finish within the drain time, the rest is cut
/// and recorded. Runs before any service of the host stops.
/// </summary>
internal sealed partial class GatewayDrain(RouteDirectory routes, GatewayOptions options, TimeProvider time, ILogger<GatewayDrain> logger)
    : IHostedLifecycleService, IDisposable
{
    // After the cut a request has only its record to write.
    private static readonly TimeSpan s_recordTime = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _began = new();
    private readonly CancellationTokenSource _deadline = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private volatile bool _draining;

    /// <summary>Cancelled when draining begins.</summary>
    public CancellationToken Began => _began.Token;

    /// <summary>Cancelled when the drain time is over.</summary>
    public CancellationToken Deadline => _deadline.Token;

    /// <summary>New requests are refused.</summary>
    public bool IsDraining => _draining;

    public int Running => Volatile.Read(ref _running);

    /// <summary>Counts a request until disposed.</summary>
    public RunningRequest Enter()
    {
        Interlocked.Increment(ref _running);
        return new RunningRequest(this);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _draining = true;
        routes.Close();
        await _began.CancelAsync();
        if (Running > 0)
        {
            LogDraining(Running, options.DrainTimeout.TotalSeconds);
            await WaitAsync(options.DrainTimeout, cancellationToken);
        }
        if (Running > 0)
        {
            LogCutting(Running);
            await _deadline.CancelAsync();
            await WaitAsync(s_recordTime, CancellationToken.None);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _began.Dispose();
        _deadline.Dispose();
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _running) == 0 && _draining)
        {
            _empty.TrySetResult();
        }
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (Running > 0)
        {
            await Task.WhenAny(_empty.Task, Task.Delay(limit, time, cancellationToken));
        }
    }

    [LoggerMessage(1401, LogLevel.Information, "Draining: {Running} running requests may finish within {Seconds} s.")]
    private partial void LogDraining(int running, double seconds);

    [LoggerMessage(1402, LogLevel.Warning, "The drain time is over: {Running} running requests are cut.")]
    private partial void LogCutting(int running);

    /// <summary>One running request.</summary>
    internal readonly struct RunningRequest(GatewayDrain drain) : IDisposable
    {
        public void Dispose() => drain.Leave();
    }
}
