using System.Collections.Frozen;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// This gateway's lease on its own id, and who else has one. While the lease holds, no replica is put to sleep and nothing that this
/// gateway holds is given to another without its word; once it may have ended, by this process's own clock, the gateway is detached:
/// it serves on by what it knew last, and asks engines itself.
/// </summary>
internal sealed partial class Membership : BackgroundService
{
    // What was published before the lease was taken anew has been read by then: a table that comes later tells what was decided meanwhile.
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(1);

    private readonly ILeases _leases;
    private readonly IBusHealth _bus;
    private readonly RouteDirectory _routes;
    private readonly TimeProvider _time;
    private readonly ILogger<Membership> _logger;
    private readonly DateTimeOffset _startedAt;
    private readonly MembershipMetrics _metrics;
    private NamedLease? _lease;
    private FrozenSet<string> _members = FrozenSet<string>.Empty;
    private bool _isFailing;
    private long _heldUntil = long.MinValue;
    private long _trustedFrom = long.MinValue;
    private long _detachedAt;
    private long _token;

    public Membership(
        ILeases leases, IBusHealth bus, RouteDirectory routes, TimeProvider time, ILogger<Membership> logger,
        System.Diagnostics.Metrics.IMeterFactory? meters = null)
    {
        _leases = leases;
        _bus = bus;
        _routes = routes;
        _time = time;
        _logger = logger;
        _startedAt = time.GetUtcNow();
        _metrics = new MembershipMetrics(this, meters);
    }

    public string Id => _routes.GatewayId;

    /// <summary>The lease holds for certain, whatever became of the bus since it was renewed.</summary>
    public bool Holds => _time.GetTimestamp() < Volatile.Read(ref _heldUntil);

    /// <summary>
    /// The lease holds, the bus is there, and the routes are at least as new as both: what the scheduler decides is known here before it
    /// is done. Two comparisons; asked before each send.
    /// </summary>
    public bool IsAttached => Holds && _bus.IsConnected && _routes.HeardAt >= Volatile.Read(ref _trustedFrom);

    /// <summary>UTC, since when the gateway is known to be detached; null while it is attached.</summary>
    public DateTimeOffset? DetachedAt => Volatile.Read(ref _detachedAt) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>
    /// Of the present hold, each later one's higher; 0: there was none yet. Counted here: a store that lost its end gives the tokens of its
    /// leases again.
    /// </summary>
    public long Token => Volatile.Read(ref _token);

    /// <summary>The gateways whose leases held when they were last listed.</summary>
    public FrozenSet<string> Members => Volatile.Read(ref _members);

    /// <summary>How long a lease holds; it is renewed three times as often.</summary>
    public TimeSpan Period => _leases.Period;

    private TimeSpan Interval => _leases.Period / 3;

    /// <summary>Notes whether it is attached, for those who look from outside.</summary>
    public bool Look()
    {
        var isAttached = IsAttached;
        if (isAttached != (DetachedAt is null))
        {
            Volatile.Write(ref _detachedAt, isAttached ? 0 : (_bus.LostAt ?? _time.GetUtcNow()).UtcTicks);
            if (isAttached)
            {
                LogAttached();
            }
            else
            {
                LogDetached();
            }
        }
        return isAttached;
    }

    public override void Dispose()
    {
        _metrics.Dispose();
        base.Dispose();
    }

    /// <summary>Brings <see cref="Members"/> up to date.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="TimeoutException">Nor in time.</exception>
    public async Task ListAsync(CancellationToken cancellationToken)
    {
        var held = await _leases.ListAsync(GatewayMember.LeasePrefix, cancellationToken).AsTask().WaitAsync(Interval, _time, cancellationToken);
        Volatile.Write(ref _members, held.Select(lease => lease.Name[GatewayMember.LeasePrefix.Length..]).ToFrozenSet(StringComparer.Ordinal));
    }

    /// <summary>One renewal, or the lease taken anew where it has ended.</summary>
    internal async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            var asked = _time.GetTimestamp();
            var isNew = _lease is null;
            _lease = _lease is null ? await TakeAsync(cancellationToken)
                : await _leases.TryRenewAsync(_lease, Describe(), cancellationToken).AsTask().WaitAsync(Interval, _time, cancellationToken);
            if (_lease is null && !isNew)
            {
                LogLost();
                asked = _time.GetTimestamp();
                isNew = true;
                _lease = await TakeAsync(cancellationToken);
            }
            if (_lease is not null)
            {
                Hold(asked, isNew);
                await ListAsync(cancellationToken);
            }
            _isFailing = false;
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // Said once; the next interval tries again, and what the lease is worth meanwhile the clock says.
            if (!_isFailing)
            {
                LogNotRenewed(e);
            }
            _isFailing = true;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await RenewAsync(stoppingToken);
                await Task.Delay(Interval, _time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await LeaveAsync();
        }
    }

    private Task<NamedLease?> TakeAsync(CancellationToken cancellationToken) =>
        _leases.TryTakeAsync(GatewayMember.LeasePrefix + Id, Describe(), cancellationToken).AsTask().WaitAsync(Interval, _time, cancellationToken);

    // What others would wait a period for they have at once.
    private async Task LeaveAsync()
    {
        Volatile.Write(ref _heldUntil, long.MinValue);
        if (_lease is null)
        {
            return;
        }
        try
        {
            await _leases.ReleaseAsync(_lease).AsTask().WaitAsync(Interval, _time);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            LogNotReleased(e);
        }
    }

    // From the moment of the question: when the store counts from is later, never earlier.
    private void Hold(long asked, bool isNew)
    {
        var until = asked + Ticks(_leases.Period);
        if (isNew && _heldUntil != long.MinValue)
        {
            // The routes of before are not to be trusted: what happened meanwhile asked this gateway nothing.
            Volatile.Write(ref _trustedFrom, _time.GetTimestamp() + Ticks(s_settling));
        }
        if (isNew)
        {
            Volatile.Write(ref _token, _token + 1);
        }
        Volatile.Write(ref _heldUntil, until);
    }

    private ReadOnlyMemory<byte> Describe()
    {
        var table = _routes.Table;
        return StateJson.ToBytes(new GatewayMember(Id, _startedAt, table.Epoch, table.Revision));
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    [LoggerMessage(1204, LogLevel.Warning, "This gateway's membership had ended; it is taken anew.")]
    private partial void LogLost();

    [LoggerMessage(1205, LogLevel.Warning, "This gateway's membership could not be renewed; it is tried again.")]
    private partial void LogNotRenewed(Exception exception);

    [LoggerMessage(1206, LogLevel.Warning, "Detached: requests are served by the last routes, and engines are asked whether they sleep.")]
    private partial void LogDetached();

    [LoggerMessage(1207, LogLevel.Information, "Attached: the routes are the scheduler's again.")]
    private partial void LogAttached();

    [LoggerMessage(1208, LogLevel.Information, "This gateway's membership could not be given back; it ends by itself.")]
    private partial void LogNotReleased(Exception exception);
}
