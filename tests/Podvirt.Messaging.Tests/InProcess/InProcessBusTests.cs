using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Podvirt.Core.Messages;
using Podvirt.Messaging.InProcess;

namespace Podvirt.Messaging.Tests.InProcess;

public sealed class InProcessBusTests
{
    private readonly InProcessBus _bus = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OnePublisher_IsHeardInOrder()
    {
        var subject = new Subject<string>("order");
        await using var subscription = _bus.Subscribe(subject, capacity: 1_000);

        for (var i = 0; i < 1_000; i++)
        {
            await _bus.PublishAsync(subject, $"{i}", Ended);
        }

        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"{i}"), await TakeAsync(subscription, 1_000));
    }

    [Fact]
    public async Task ManyPublishers_EachIsHeardInItsOwnOrder()
    {
        var subject = new Subject<string>("order of many");
        await using var subscription = _bus.Subscribe(subject, capacity: 4_000);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(p => Task.Run(async () =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                await _bus.PublishAsync(subject, $"{p}:{i}", Ended);
            }
        })));

        var heard = await TakeAsync(subscription, 4_000);
        for (var p = 0; p < 4; p++)
        {
            Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"{p}:{i}"), heard.Where(m => m.StartsWith($"{p}:", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task SlowReader_LosesTheOldestAndTheyAreCounted()
    {
        var subject = new Subject<string>("slow reader");
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
            if (tags.ToArray().Any(t => t is { Key: "subject", Value: "slow reader" }))
            {
                displaced.Enqueue(count);
            }
        });
        listener.Start();
        await using var subscription = _bus.Subscribe(subject, capacity: 4);

        for (var i = 0; i < 10; i++)
        {
            await _bus.PublishAsync(subject, $"{i}", Ended);
        }

        Assert.Equal(["6", "7", "8", "9"], await TakeAsync(subscription, 4));
        Assert.Equal(6, displaced.Sum());
    }

    [Fact]
    public async Task OneSlowReader_CostsTheOthersNothing()
    {
        var subject = new Subject<string>("two readers");
        await using var slow = _bus.Subscribe(subject, capacity: 1);
        await using var quick = _bus.Subscribe(subject, capacity: 100);

        for (var i = 0; i < 100; i++)
        {
            await _bus.PublishAsync(subject, $"{i}", Ended);
        }

        Assert.Equal(100, (await TakeAsync(quick, 100)).Count);
        Assert.Equal(["99"], await TakeAsync(slow, 1));
    }

    [Fact]
    public async Task OtherSubjects_AreNotHeard()
    {
        var (one, two) = (new Subject<string>("one"), new Subject<string>("two"));
        await using var subscription = _bus.Subscribe(one);

        await _bus.PublishAsync(two, "for two", Ended);
        await _bus.PublishAsync(one, "for one", Ended);

        Assert.Equal(["for one"], await TakeAsync(subscription, 1));
    }

    [Fact]
    public async Task MessagesFromBeforeTheSubscription_AreNotHeard()
    {
        var subject = new Subject<string>("late");
        await _bus.PublishAsync(subject, "before", Ended);
        await using var subscription = _bus.Subscribe(subject);
        await _bus.PublishAsync(subject, "after", Ended);

        Assert.Equal(["after"], await TakeAsync(subscription, 1));
    }

    [Fact]
    public async Task Subscriber_NeverRunsOnThePublishersThread()
    {
        var subject = new Subject<string>("threads");
        await using var subscription = _bus.Subscribe(subject);
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
        var publisher = new Thread(() => _bus.PublishAsync(subject, "hello", Ended).AsTask().Wait(Ended));
        publisher.Start();
        await reading;
        publisher.Join();

        Assert.NotEqual(publisher.ManagedThreadId, readerThread);
    }

    [Fact]
    public async Task DisposedSubscription_EndsItsEnumerationAndHearsNoMore()
    {
        var subject = new Subject<string>("disposal");
        var subscription = _bus.Subscribe(subject);
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
        await _bus.PublishAsync(subject, "nobody is there", Ended);

        Assert.Equal(0, await reading);
    }

    [Fact]
    public void SameNameForAnotherType_IsRefused()
    {
        _bus.Subscribe(new Subject<string>("typed"));

        Assert.Throws<ArgumentException>(() => _bus.Subscribe(new Subject<object>("typed")));
    }

    [Fact]
    public void CapacityBelowOne_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _bus.Subscribe(new Subject<string>("capacity"), capacity: 0));

    private static async Task<List<T>> TakeAsync<T>(IBusSubscription<T> subscription, int count)
    {
        var taken = new List<T>();
        await foreach (var message in subscription.ReadAllAsync(Ended))
        {
            taken.Add(message);
            if (taken.Count == count)
            {
                break;
            }
        }
        return taken;
    }
}
