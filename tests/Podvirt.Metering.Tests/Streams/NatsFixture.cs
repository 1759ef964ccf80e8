using Podvirt.Metering.Tests.Streams;
using Podvirt.Testing.Nats;

[assembly: AssemblyFixture(typeof(NatsFixture))]

namespace Podvirt.Metering.Tests.Streams;

/// <summary>One real nats-server for all tests that leave it running. Each makes its streams anew, so those tests run one after the other.</summary>
public sealed class NatsFixture : IAsyncLifetime
{
    /// <summary>For the tests' collection.</summary>
    public const string Collection = "nats";

    public NatsServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await NatsServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
