using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>One real nats-server for all tests that leave it running. Each makes its streams anew, so those tests run one after the other.</summary>
public sealed class NatsFixture : IAsyncLifetime
{
    public NatsServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await NatsServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>Of a collection, not of the assembly: a test's child process runs one test of it and is killed, and its server would stay behind.</summary>
[CollectionDefinition(Name)]
public sealed class NatsCollection : ICollectionFixture<NatsFixture>
{
    public const string Name = "NATS";
}
