using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging.Nats;
using Podvirt.Messaging.Tests.Nats;
using Podvirt.Testing.Nats;

namespace Podvirt.Messaging.Tests;

public sealed class MessagingServicesTests
{
    [Fact]
    public async Task Container_OpensOnFirstUseAndClosesOnDisposal()
    {
        using var directory = new TempDirectory();
        var data = directory.File("data");
        for (var i = 0; i < 2; i++)
        {
            // The second round finds the file unlocked and the key taken. Plain disposal must do: hosts use both.
            using var provider = new ServiceCollection().AddPodvirtEmbeddedMessaging(data).BuildServiceProvider();
            Assert.Equal(i == 1, Directory.Exists(data));
            var created = await provider.GetRequiredService<IStateStore>().CreateAsync("k", new byte[] { 1 }, TestContext.Current.CancellationToken);
            Assert.Equal(i == 0, created is not null);
            Assert.NotNull(provider.GetRequiredService<IBus>());
        }
    }

    [Fact]
    public void EmbeddedProcess_IsAlwaysConnected()
    {
        using var provider = new ServiceCollection().AddPodvirtEmbeddedMessaging("unused").BuildServiceProvider();

        var health = provider.GetRequiredService<IBusHealth>();

        Assert.Equal((true, null, ""), (health.IsConnected, health.LostAt, health.Reason));
    }

    [Fact]
    public async Task WatchOfAServiceThatIsDisposedOf_EndsBeforeTheConnection()
    {
        await using var server = await NatsServer.StartAsync();
        var log = new LogLines<NatsStateStore>();
        await using (var provider = new ServiceCollection().AddLogging()
            .AddPodvirtNatsMessaging(new NatsOptions { Url = server.Url })
            .AddSingleton<ILogger<NatsStateStore>>(log)
            .AddSingleton<Follower>()
            .BuildServiceProvider())
        {
            await provider.GetRequiredService<Follower>().CaughtUp;
            Assert.True(provider.GetRequiredService<IBusHealth>().IsConnected);
        }

        Assert.Empty(log.All);
    }

    [Fact]
    public void UnusableNatsOptions_AreRefusedAtOnceAndTogether()
    {
        var options = new NatsOptions { Url = "http://user:secret@somewhere", LeasePeriod = TimeSpan.Zero, CredentialsFile = "missing.creds", KeyFile = "missing.pem" };

        var error = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddPodvirtNatsMessaging(options));

        Assert.All(
            (string[])[nameof(options.Url), nameof(options.LeasePeriod), "missing.creds", "belong together"],
            part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Follows the store until it is disposed of.</summary>
    private sealed class Follower : IAsyncDisposable
    {
        private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _following;

        public Follower(IStateStore store, TimeProvider time)
        {
            _following = store.FollowAsync("w/", _ => _caughtUp.TrySetResult(), error => _caughtUp.TrySetException(error), time, _stop.Token);
        }

        public Task CaughtUp => _caughtUp.Task;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _following;
            _stop.Dispose();
        }
    }
}
