namespace Podvirt.Gateway.Videos;

/// <summary>One job that is being worked on by this server.</summary>
internal sealed class VideoRun(Guid id, VideoReservation held, CancellationToken stopping) : IDisposable
{
    private readonly CancellationTokenSource _cut = CancellationTokenSource.CreateLinkedTokenSource(stopping);

    private readonly Lock _lock = new();
    private bool _isDisposed;

    public Guid Id => id;

    public VideoReservation Held => held;

    /// <summary>It was cancelled, or the host stops.</summary>
    public CancellationToken Cut => _cut.Token;

    /// <summary>Completes when it has ended, or the host stops; never fails.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>An engine that could not be stopped at once is still at it; never fails but by the host's stop.</summary>
    public Task Dismissal { get; set; } = Task.CompletedTask;

    /// <summary>Its end is written down: what is under way for it stops.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _cut.Cancel();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _cut.Dispose();
        }
        held.Dispose();
    }
}
