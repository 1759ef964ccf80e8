using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Owners;

/// <summary>Owners by leases under <see cref="Prefix"/>: held from the start to the stop of the host, and for one period after a death.</summary>
public sealed partial class LeasedOwners(ILeases leases, TimeProvider time, ILogger<LeasedOwners> logger, PatientStart? patience = null) : BackgroundService, IOwners
{
    public const string Prefix = "owners/";

    // Three tries before it ends.
    private const int RenewalsPerPeriod = 3;

    private NamedLease? _lease;
    private PeriodicTimer? _timer;

    public string Id { get; } = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");

    private string Name => Prefix + Id;

    public async ValueTask<IReadOnlySet<string>> ListAsync(CancellationToken cancellationToken = default)
    {
        var held = await leases.ListAsync(Prefix, cancellationToken);
        return held.Select(l => l.Name[Prefix.Length..]).Append(Id).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Held before anything is begun.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await patience.RunOrWaitAsync(
            "the lease on what this process begins", async token => _lease = await leases.TryTakeAsync(Name, default, token), cancellationToken);
        _timer = new PeriodicTimer(leases.Period / RenewalsPerPeriod, time);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>What it leaves behind is another's at once.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_lease is not { } lease)
        {
            return;
        }
        try
        {
            await leases.ReleaseAsync(lease, cancellationToken);
        }
        catch (IOException error)
        {
            LogNotReleased(error);
        }
    }

    public override void Dispose()
    {
        _timer?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _timer!.WaitForNextTickAsync(stoppingToken))
            {
                await RenewAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task RenewAsync(CancellationToken stoppingToken)
    {
        try
        {
            var renewed = _lease is { } lease ? await leases.TryRenewAsync(lease, default, stoppingToken) : null;
            if (renewed is null && _lease is not null)
            {
                LogEnded();
            }
            // What was another's to take meanwhile may be taken: those that it was taken from see it at their next write.
            _lease = renewed ?? await leases.TryTakeAsync(Name, default, stoppingToken);
        }
        catch (IOException error)
        {
            LogNotRenewed(error);
        }
    }

    [LoggerMessage(1180, LogLevel.Warning, "The lease on what this process has begun could not be renewed; it is tried again")]
    private partial void LogNotRenewed(Exception error);

    [LoggerMessage(1181, LogLevel.Warning, "The lease on what this process has begun had ended: others may have ended it, or taken it over")]
    private partial void LogEnded();

    [LoggerMessage(1182, LogLevel.Warning, "The lease on what this process has begun could not be released; it ends by its time")]
    private partial void LogNotReleased(Exception error);
}
