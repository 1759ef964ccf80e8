using Podvirt.Core.Messages;
using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

[Collection(NatsCollection.Name)]
public sealed class NatsBusTests(NatsFixture nats) : BusContract, IAsyncLifetime
{
    private readonly NatsClient _client = NatsProcess.Connect(nats.Server);
    private NatsBus? _bus;

    protected override IBus Bus => _bus!;

    public async ValueTask InitializeAsync()
    {
        await _client.WhenConnectedAsync(Ended);
        _bus = NatsProcess.OpenBus(_client);
    }

    public async ValueTask DisposeAsync()
    {
        await _bus!.DisposeAsync();
        await _client.DisposeAsync();
    }

    [Fact]
    public async Task OtherProcess_HearsIt()
    {
        var subject = NewSubject();
        await using var otherClient = NatsProcess.Connect(nats.Server);
        await otherClient.WhenConnectedAsync(Ended);
        await using var otherBus = NatsProcess.OpenBus(otherClient);
        await using var there = otherBus.Subscribe(subject);
        await using var here = Bus.Subscribe(subject);
        var heard = TakeAsync(there, 1);
        while (!heard.IsCompleted)
        {
            // A level: until the subscription has reached the server, nobody is there to hear it.
            await PublishAsync(subject, "hello");
            await TakeAsync(here, 1);
        }

        Assert.Equal(["hello"], await heard);
    }

    /// <summary>Gateways publish on their way, every few milliseconds: writing and sending is the bus's own task's work.</summary>
    [Fact]
    public async Task Publisher_AllocatesNextToNothing()
    {
        const int Messages = 1_000;
        Assert.True(Messages < Outgoing.MessagesMax, "none may give way: that is counted, and whoever listens to the count allocates");
        var subject = NewSubject();
        await using var subscription = Bus.Subscribe(subject, Messages);
        await using var heard = subscription.ReadAllAsync(Ended).GetAsyncEnumerator(Ended);
        var message = Message("hello");

        // What was compiled in haste allocates more; what each message allocates is in every round.
        var least = long.MaxValue;
        for (var round = 0; round < 6; round++)
        {
            least = Math.Min(least, Publish());
            for (var i = 0; i < Messages; i++)
            {
                Assert.True(await heard.MoveNextAsync());
            }
        }
        Assert.InRange(least, 0, 16 * Messages);

        long Publish()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Messages; i++)
            {
                var publishing = Bus.PublishAsync(subject, message, CancellationToken.None);
                Assert.True(publishing.IsCompletedSuccessfully);
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task RepeatedMessage_IsWrittenAndReadOnce()
    {
        var subject = NewSubject();
        await using var subscription = Bus.Subscribe(subject);
        var message = Message(new string('x', 8 * 1024));
        await Bus.PublishAsync(subject, message, Ended);
        await Bus.PublishAsync(subject, message, Ended);

        var heard = new List<ReplicaTrouble>();
        await foreach (var one in subscription.ReadAllAsync(Ended))
        {
            heard.Add(one);
            if (heard.Count == 2)
            {
                break;
            }
        }

        Assert.Equal(message, heard[0]);
        Assert.Same(heard[0], heard[1]);
    }
}
