using System.Collections.Concurrent;
using System.Threading.Channels;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>Hands every message to every present subscription, in order.</summary>
internal sealed class TestBus : IBus
{
    private readonly ConcurrentDictionary<object, (string Subject, Action<object> Write)> _subscriptions = new();

    public ValueTask PublishAsync<T>(Subject<T> subject, T message, CancellationToken cancellationToken = default)
        where T : class
    {
        foreach (var (name, write) in _subscriptions.Values)
        {
            if (name == subject.Name)
            {
                write(message);
            }
        }

        return ValueTask.CompletedTask;
    }

    public IBusSubscription<T> Subscribe<T>(Subject<T> subject, int capacity = 256)
        where T : class
    {
        var subscription = new Subscription<T>(this);
        _subscriptions[subscription] = (subject.Name, message => subscription.Queue.Writer.TryWrite((T)message));
        return subscription;
    }

    private sealed class Subscription<T>(TestBus bus) : IBusSubscription<T>
    {
        public Channel<T> Queue { get; } = Channel.CreateUnbounded<T>();

        public IAsyncEnumerable<T> ReadAllAsync(CancellationToken cancellationToken = default) =>
            Queue.Reader.ReadAllAsync(cancellationToken);

        public ValueTask DisposeAsync()
        {
            bus._subscriptions.TryRemove(this, out _);
            Queue.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }
    }
}
