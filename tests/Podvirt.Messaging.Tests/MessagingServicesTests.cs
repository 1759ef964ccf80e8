using Microsoft.Extensions.DependencyInjection;

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
}
