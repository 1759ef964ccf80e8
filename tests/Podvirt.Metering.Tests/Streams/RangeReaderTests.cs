using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Messaging.Nats;
using Podvirt.Metering.Streams;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Streams;

public sealed class RangeReaderTests
{
    // A server is chosen by chance each time.
    private const int Readings = 8;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SeveralServersKeepTheStream_ItIsReadAtTheOneThatLeadsIt()
    {
        var servers = await NatsServer.StartClusterAsync();
        await using var one = servers[0];
        await using var two = servers[1];
        await using var three = servers[2];
        await using var client = new NatsClient(
            new NatsOptions { Url = string.Join(',', servers.Select(static s => s.Url)) }, TimeProvider.System, NullLogger<NatsClient>.Instance);
        var stream = new UsageStream(client, new UsageStreamOptions { BytesMax = 1 << 20 });
        // The servers choose a leader first.
        await AnsweredAsync(() => stream.OpenAsync(Ended));
        var reader = new RangeReader(client, TimeProvider.System);

        for (var reading = 0; reading < Readings; reading++)
        {
            (string Name, string? Leader) opened = ("", null);
            await AnsweredAsync(async () => opened = await reader.OpenAsync(1, Ended));

            var consumer = await client.JetStream.GetConsumerAsync(UsageStream.Name, opened.Name, Ended);
            Assert.NotNull(opened.Leader);
            Assert.Equal(opened.Leader, consumer.Info.Cluster?.Leader);
        }
    }

    /// <summary>As whoever reads the stream does: again, where it was not answered.</summary>
    private static async Task AnsweredAsync(Func<ValueTask> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (IOException)
            {
                await Task.Delay(s_pause, Ended);
            }
        }
    }
}
