using Microsoft.Extensions.DependencyInjection;
using Podvirt.Chats.StateStore;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;
using Podvirt.Messaging.Owners;
using Podvirt.Testing.Nats;

namespace Podvirt.Tests.Chats;

/// <summary>One server for all tests of a class.</summary>
public sealed class OneNatsServer : IAsyncLifetime
{
    internal NatsServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await NatsServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>The one state store that several gateways of a test have, and who of them is there.</summary>
internal sealed class SharedState : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;
    private readonly ServiceProvider _services;

    private SharedState(Action<IServiceCollection, string> add)
    {
        var services = new ServiceCollection().AddLogging();
        add(services, _folder);
        _services = services.BuildServiceProvider();
    }

    /// <summary>In a file.</summary>
    public SharedState(TimeProvider time)
        : this((services, folder) => services.AddSingleton(time).AddPodvirtEmbeddedMessaging(folder))
    {
    }

    /// <summary>On a server that other tests had before.</summary>
    public static async Task<SharedState> OnAsync(NatsServer server)
    {
        var state = new SharedState((services, _) => services.AddPodvirtNatsMessaging(new NatsOptions { Url = server.Url }));
        await new StateBlobs(state.Store).RemoveAsync("chats/", CancellationToken.None);
        return state;
    }

    public IStateStore Store => _services.GetRequiredService<IStateStore>();

    public ILeases Leases => _services.GetRequiredService<ILeases>();

    public IBus Bus => _services.GetRequiredService<IBus>();

    public HashSet<string> Live { get; } = [];

    public IOwners Enter(string id)
    {
        Live.Add(id);
        return new Owner(this, id);
    }

    public SharedAnswers AnswersOf(IOwners owners) => new(Store, owners, new StateBlobs(Store));

    public SharedConversationStore Open(IOwners owners, int conversationsMax = 2_000, int loneAnswersMax = 500) =>
        new(Store, Leases, owners, AnswersOf(owners), new StateBlobs(Store), conversationsMax, loneAnswersMax);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class Owner(SharedState state, string id) : IOwners
    {
        public string Id => id;

        public ValueTask<IReadOnlySet<string>> ListAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlySet<string>>(state.Live.ToHashSet());
    }
}
