using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace Podvirt.Server.Serving;

/// <summary>
/// Stop signals. The first asks for an orderly stop, the second for one at once. Stands in place of the host's own
/// handling, which knows only the first.
/// </summary>
internal sealed class ServerLifetime : IHostLifetime, IDisposable
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _second = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Completes with the first signal.</summary>
    public Task FirstSignal => _first.Task;

    /// <summary>Fires with the second.</summary>
    public CancellationToken SecondSignal => _second.Token;

    public void Listen()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
    }

    /// <summary>What a signal does; public to tests through this method alone.</summary>
    public void Signal()
    {
        if (!_first.TrySetResult())
        {
            _second.Cancel();
        }
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _second.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Signal();
    }
}
