using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

[Collection(NatsCollection.Name)]
public sealed class NatsLeasesTests : LeasesContract, IAsyncLifetime
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(20);

    private readonly NatsClient _client;
    private readonly NatsLeases _leases;

    public NatsLeasesTests(NatsFixture nats)
    {
        _client = NatsProcess.Connect(nats.Server);
        _leases = new NatsLeases(_client);
    }

    protected override ILeases Leases => _leases;

    public async ValueTask InitializeAsync() => await NatsProcess.RemoveBucketAsync(_client, NatsLeases.BucketName);

    public async ValueTask DisposeAsync() => await _client.DisposeAsync();

    /// <summary>The server looks for what is too old a few times a second.</summary>
    protected override async Task OutliveAsync()
    {
        var since = TimeProvider.System.GetTimestamp();
        while ((await _leases.ListAsync("", Ended)).Count > 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < _leases.Period + TimeSpan.FromSeconds(5), "a lease does not end");
            await Task.Delay(s_step, Ended);
        }
        Assert.True(TimeProvider.System.GetElapsedTime(since) > _leases.Period * 0.8, "a lease ended too early");
    }

    protected override Task WaitAsync(double periods) => Task.Delay(_leases.Period * periods, Ended);
}
