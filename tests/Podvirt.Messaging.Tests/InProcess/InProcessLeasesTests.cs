using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging.InProcess;

namespace Podvirt.Messaging.Tests.InProcess;

public sealed class InProcessLeasesTests : LeasesContract
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();
    private readonly InProcessLeases _leases;

    public InProcessLeasesTests() => _leases = new InProcessLeases(_time, s_period);

    protected override ILeases Leases => _leases;

    protected override Task OutliveAsync() => WaitAsync(1);

    protected override Task WaitAsync(double periods)
    {
        _time.Advance(s_period * periods);
        return Task.CompletedTask;
    }
}
