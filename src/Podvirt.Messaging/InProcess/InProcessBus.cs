using System.Collections.Concurrent;
using Podvirt.Core.Messages;

namespace Podvirt.Messaging.InProcess;

/// <summary>
/// The bus of a single process. Publishing only writes into each subscription's own bounded queue, so a publisher (often
/// an IO thread) never waits and never runs a subscriber's code.
/// </summary>
internal sealed class InProcessBus : IBus
{
    private readonly ConcurrentDictionary<string, Topic> _topics = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">The subject's name is in use for another type of message.</exception>
    public ValueTask PublishAsync<T>(Subject<T> subject, T message, CancellationToken cancellationToken = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(message);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }
        if (_topics.TryGetValue(subject.Name, out var topic))
        {
            foreach (var subscription in Typed<T>(topic, subject.Name).Subscriptions)
            {
                subscription.Offer(message);
            }
        }
        return ValueTask.CompletedTask;
    }

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is below 1.</exception>
    /// <exception cref="ArgumentException">The subject's name is in use for another type of message.</exception>
    public IBusSubscription<T> Subscribe<T>(Subject<T> subject, int capacity = 256)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        var topic = Typed<T>(_topics.GetOrAdd(subject.Name, static _ => new Topic<T>()), subject.Name);
        var subscription = new InProcessSubscription<T>(subject.Name, capacity, topic);
        topic.Add(subscription);
        return subscription;
    }

    private static Topic<T> Typed<T>(Topic topic, string name)
        where T : class =>
        topic as Topic<T>
        ?? throw new ArgumentException($"the subject '{name}' already carries another type of message than {typeof(T).Name}", nameof(name));
}

internal abstract class Topic;

/// <summary>The subscriptions of one subject: an array that is replaced, so that publishing takes no lock.</summary>
internal sealed class Topic<T> : Topic
    where T : class
{
    private readonly Lock _gate = new();
    private volatile InProcessSubscription<T>[] _subscriptions = [];

    public InProcessSubscription<T>[] Subscriptions => _subscriptions;

    public void Add(InProcessSubscription<T> subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions, subscription];
        }
    }

    public void Remove(InProcessSubscription<T> subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions.Where(s => !ReferenceEquals(s, subscription))];
        }
    }
}
