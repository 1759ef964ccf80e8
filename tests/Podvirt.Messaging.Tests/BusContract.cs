using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Podvirt.Core.Messages;

namespace Podvirt.Messaging.Tests;

/// <summary>What every bus does. Messages may take their time; a derived class has one that is connected.</summary>
public abstract class BusContract
{
    private static int s_subjects;

    protected static CancellationToken Ended => TestContext.Current.CancellationToken;

    protected abstract IBus Bus { get; }

    [Fact]
    public async Task OnePublisher_IsHeardInOrder()
    {
        var subject = NewSubject();
        await using var subscription = Bus.Subscribe(subject, capacity: 1_000);

        for (var i = 0; i < 1_000; i++)
        {
            await PublishAsync(subject, $"{i}");
        }

        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"{i}"), await TakeAsync(subscription, 1_000));
    }

    [Fact]
    public async Task ManyPublishers_EachIsHeardInItsOwnOrder()
    {
        var subject = NewSubject();
        await using var subscription = Bus.Subscribe(subject, capacity: 1_000);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(p => Task.Run(async () =>
        {
            for (var i = 0; i < 250; i++)
            {
                await PublishAsync(subject, $"{p}:{i}");
            }
        })));

        var heard = await TakeAsync(subscription, 1_000);
        for (var p = 0; p < 4; p++)
        {
            Assert.Equal(Enumerable.Range(0, 250).Select(i => $"{p}:{i}"), heard.Where(m => m.StartsWith($"{p}:", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task SlowReader_LosesTheOldestAndTheyAreCounted()
    {
        var subject = NewSubject();
        var displaced = new ConcurrentQueue<long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument is { Name: "podvirt.bus.displaced", Meter.Name: "Podvirt.Messaging" })
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            if (tags.ToArray().Any(t => t.Key == "subject" && Equals(t.Value, subject.Name)))
            {
                displaced.Enqueue(count);
            }
        });
        listener.Start();
        await using var slow = Bus.Subscribe(subject, capacity: 4);
        await using var witness = Bus.Subscribe(subject, capacity: 100);

        for (var i = 0; i < 10; i++)
        {
            await PublishAsync(subject, $"{i}");
        }
        // Readers are served in the order in which they came.
        await TakeAsync(witness, 10);

        Assert.Equal(["6", "7", "8", "9"], await TakeAsync(slow, 4));
        Assert.Equal(6, displaced.Sum());
    }

    [Fact]
    public async Task OneSlowReader_CostsTheOthersNothing()
    {
        var subject = NewSubject();
        await using var slow = Bus.Subscribe(subject, capacity: 1);
        await using var quick = Bus.Subscribe(subject, capacity: 100);

        for (var i = 0; i < 100; i++)
        {
            await PublishAsync(subject, $"{i}");
        }

        Assert.Equal(100, (await TakeAsync(quick, 100)).Count);
        Assert.Equal(["99"], await TakeAsync(slow, 1));
    }

    [Fact]
    public async Task OtherSubjects_AreNotHeard()
    {
        var (one, two) = (NewSubject(), NewSubject());
        await using var subscription = Bus.Subscribe(one);

        await PublishAsync(two, "for two");
        await PublishAsync(one, "for one");

        Assert.Equal(["for one"], await TakeAsync(subscription, 1));
    }

    [Fact]
    public async Task MessagesFromBeforeTheSubscription_AreNotHeard()
    {
        var subject = NewSubject();
        await PublishAsync(subject, "before");
        await using var subscription = Bus.Subscribe(subject);
        await PublishAsync(subject, "after");

        Assert.Equal(["after"], await TakeAsync(subscription, 1));
    }

    [Fact]
    public async Task Subscriber_NeverRunsOnThePublishersThread()
    {
        var subject = NewSubject();
        await using var subscription = Bus.Subscribe(subject);
        var readerThread = 0;
        var reading = Task.Run(async () =>
        {
            await foreach (var _ in subscription.ReadAllAsync(Ended))
            {
                readerThread = Environment.CurrentManagedThreadId;
                break;
            }
        }, Ended);

        // A thread of its own publishes, so that the pool cannot lend it to the reader.
        var publisher = new Thread(() => PublishAsync(subject, "hello").AsTask().Wait(Ended));
        publisher.Start();
        await reading;
        publisher.Join();

        Assert.NotEqual(publisher.ManagedThreadId, readerThread);
    }

    [Fact]
    public async Task DisposedSubscription_EndsItsEnumerationAndHearsNoMore()
    {
        var subject = NewSubject();
        var subscription = Bus.Subscribe(subject);
        var reading = Task.Run(async () =>
        {
            var count = 0;
            await foreach (var _ in subscription.ReadAllAsync(Ended))
            {
                count++;
            }
            return count;
        }, Ended);

        await subscription.DisposeAsync();
        await PublishAsync(subject, "nobody is there");

        Assert.Equal(0, await reading);
    }

    [Fact]
    public async Task SubscriptionAfterAnotherOne_HearsWhatComesNext()
    {
        var subject = NewSubject();
        await Bus.Subscribe(subject).DisposeAsync();
        await using var subscription = Bus.Subscribe(subject);

        await PublishAsync(subject, "hello");

        Assert.Equal(["hello"], await TakeAsync(subscription, 1));
    }

    [Fact]
    public void SameNameForAnotherType_IsRefused()
    {
        var subject = NewSubject();
        Bus.Subscribe(subject);

        Assert.Throws<ArgumentException>(() => Bus.Subscribe(new Subject<GatewayReport>(subject.Name)));
    }

    [Fact]
    public void CapacityBelowOne_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => Bus.Subscribe(NewSubject(), capacity: 0));

    [Fact]
    public async Task CancelledPublisher_IsToldSo() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Bus.PublishAsync(NewSubject(), Message("late"), new CancellationToken(canceled: true)));

    /// <summary>One that nobody else uses.</summary>
    protected static Subject<ReplicaTrouble> NewSubject() => new($"podvirt.test.{Interlocked.Increment(ref s_subjects)}");

    protected static ReplicaTrouble Message(string text) => new("gateway", "model", "replica", TroubleKind.Died, text);

    protected ValueTask PublishAsync(Subject<ReplicaTrouble> subject, string text) => Bus.PublishAsync(subject, Message(text), Ended);

    protected static async Task<List<string>> TakeAsync(IBusSubscription<ReplicaTrouble> subscription, int count)
    {
        var taken = new List<string>();
        await foreach (var message in subscription.ReadAllAsync(Ended))
        {
            taken.Add(message.Detail);
            if (taken.Count == count)
            {
                break;
            }
        }
        return taken;
    }
}
