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
    public void Publisher_AllocatesNextToNothing()
    {
        const int Messages = 1_000;
        var subject = NewSubject();
        var message = Message("hello");
        Publish(Messages);

        // The queue grows to its bound once, whenever the sender is behind; what each message allocates is in every round.
        Assert.InRange(Enumerable.Range(0, 5).Min(_ => Measure()), 0, 16 * Messages);

        long Measure()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Publish(Messages);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void Publish(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var publishing = Bus.PublishAsync(subject, message, CancellationToken.None);
                Assert.True(publishing.IsCompletedSuccessfully);
            }
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
