using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

[Collection(NatsCollection.Name)]
public sealed class NatsStateStoreTests(NatsFixture nats) : StateStoreContract, IAsyncLifetime
{
    private readonly NatsClient _client = NatsProcess.Connect(nats.Server);

    public async ValueTask InitializeAsync() => await NatsProcess.RemoveBucketAsync(_client, NatsStateStore.BucketName);

    protected override IStateStore Open() => NatsProcess.OpenState(_client);

    protected override ValueTask CloseAsync(IStateStore store) => ((NatsStateStore)store).DisposeAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _client.DisposeAsync();
    }
}
