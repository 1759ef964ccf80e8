using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public sealed class GatewayRollTests
{
    [Fact]
    public async Task Leases_AreToldToTheLoop_AndASilentStoreTakesNobodyAway()
    {
        var time = new FakeTimeProvider();
        var leases = new Listed { Held = ["a", "b"] };
        var events = Channel.CreateUnbounded<SchedulerEvent>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = new GatewayRoll(leases, time).RunAsync(events.Writer, stop.Token);
        Assert.Equal(["a", "b"], await NextAsync());

        leases.Held = null;
        time.Advance(TimeSpan.FromSeconds(1));
        await leases.AskedAsync(2);
        Assert.False(events.Reader.TryPeek(out _));

        leases.Held = ["b"];
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["b"], await NextAsync());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        async Task<IEnumerable<string>> NextAsync() =>
            Assert.IsType<GatewaysListed>(await events.Reader.ReadAsync(stop.Token)).Gateways.Order(StringComparer.Ordinal);
    }

    /// <summary>Leases that a test names; null: the store does not answer.</summary>
    private sealed class Listed : ILeases
    {
        private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();
        private int _seen;

        public volatile string[]? Held;

        public TimeSpan Period => TimeSpan.FromSeconds(6);

        public async Task AskedAsync(int times)
        {
            while (_seen < times)
            {
                await _asked.Reader.ReadAsync(TestContext.Current.CancellationToken);
                _seen++;
            }
        }

        public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default)
        {
            Assert.Equal(GatewayMember.LeasePrefix, prefix);
            _asked.Writer.TryWrite(true);
            return Held is { } held
                ? ValueTask.FromResult<IReadOnlyList<HeldLease>>([.. held.Select(gateway => new HeldLease(prefix + gateway, default))])
                : throw new IOException("the store of leases is away");
        }

        public ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
