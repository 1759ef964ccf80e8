using Microsoft.Extensions.DependencyInjection;
using Podvirt.Chats.Shared;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Tests.Chats;

/// <summary>The one state store that several gateways of a test have, and who of them is there.</summary>
internal sealed class SharedState : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;
    private readonly ServiceProvider _services;

    public SharedState(TimeProvider time) =>
        _services = new ServiceCollection().AddSingleton(time).AddPodvirtEmbeddedMessaging(_folder).BuildServiceProvider();

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
