using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Owners;

namespace Podvirt.Messaging.Tests.Owners;

public sealed class LeasedOwnersTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();
    private readonly WatchedLeases _leases;

    public LeasedOwnersTests() => _leases = new WatchedLeases(new InProcessLeases(_time, s_period));

    public void Dispose() => _leases.Dispose();

    [Fact]
    public async Task Owner_IsThereFromItsStartToItsStop()
    {
        using var first = New();
        using var second = New();
        await first.StartAsync(s_none);
        await second.StartAsync(s_none);
        Assert.Contains(first.Id, await second.ListAsync(s_none));
        await first.StopAsync(s_none);
        Assert.Equal([second.Id], await second.ListAsync(s_none));
        await second.StopAsync(s_none);
    }

    [Fact]
    public async Task Owner_IsRenewedThreeTimesAPeriod()
    {
        using var owner = New();
        using var other = New();
        await owner.StartAsync(s_none);
        for (var at = 1; at <= 12; at++)
        {
            _time.Advance(s_period / 3);
            await _leases.RenewedAsync(at);
            Assert.Contains(owner.Id, await other.ListAsync(s_none));
        }
        await owner.StopAsync(s_none);
    }

    [Fact]
    public async Task OwnerWhoseLeaseEnded_IsGoneUntilItTakesItAnew()
    {
        using var owner = New();
        using var other = New();
        await owner.StartAsync(s_none);
        // As the store does when nothing was renewed for a period.
        await _leases.EndAsync();
        Assert.DoesNotContain(owner.Id, await other.ListAsync(s_none));
        _time.Advance(s_period / 3);
        await _leases.TakenAsync(2);
        Assert.Contains(owner.Id, await other.ListAsync(s_none));
        await owner.StopAsync(s_none);
    }

    private LeasedOwners New() => new(_leases, _time, NullLogger<LeasedOwners>.Instance);

    /// <summary>Tells when a lease was taken, and renewed.</summary>
    private sealed class WatchedLeases(ILeases inner) : ILeases, IDisposable
    {
        private readonly SemaphoreSlim _renewed = new(0);
        private readonly SemaphoreSlim _taken = new(0);
        private NamedLease? _last;

        public TimeSpan Period => inner.Period;

        public async Task RenewedAsync(int count) => Assert.True(await _renewed.WaitAsync(TimeSpan.FromSeconds(30)), $"no renewal {count}");

        public void Dispose()
        {
            _renewed.Dispose();
            _taken.Dispose();
        }

        /// <summary>Ends the lease that was taken last.</summary>
        public async Task EndAsync() => await inner.ReleaseAsync(_last!);

        /// <summary>Waits until leases were taken that often.</summary>
        public async Task TakenAsync(int count)
        {
            for (var at = 0; at < count; at++)
            {
                Assert.True(await _taken.WaitAsync(TimeSpan.FromSeconds(30)), $"not taken {count} times");
            }
        }

        public async ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
        {
            var lease = await inner.TryTakeAsync(name, value, cancellationToken);
            _last = lease;
            _taken.Release();
            return lease;
        }

        public async ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
        {
            var renewed = await inner.TryRenewAsync(lease, value, cancellationToken);
            _renewed.Release();
            return renewed;
        }

        public ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default) => inner.ReleaseAsync(lease, cancellationToken);

        public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);
    }
}
