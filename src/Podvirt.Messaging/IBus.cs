using Podvirt.Core.Messages;

namespace Podvirt.Messaging;

/// <summary>
/// Fire and forget between rooms. Delivery is best effort and in order per publisher; messages are levels that their
/// publishers repeat, so a subscriber that falls behind loses old ones and stays right.
/// </summary>
public interface IBus
{
    /// <summary>Hands the message to every present subscription. Never waits for a subscriber.</summary>
    ValueTask PublishAsync<T>(Subject<T> subject, T message, CancellationToken cancellationToken = default)
        where T : class;

    /// <summary>Messages published from now on.</summary>
    /// <param name="subject">What to hear.</param>
    /// <param name="capacity">How many wait for this reader at most; a further one displaces the oldest, which is counted.</param>
    IBusSubscription<T> Subscribe<T>(Subject<T> subject, int capacity = 256)
        where T : class;
}

/// <summary>One reader's queue. Disposing it ends the enumeration.</summary>
public interface IBusSubscription<out T> : IAsyncDisposable
{
    IAsyncEnumerable<T> ReadAllAsync(CancellationToken cancellationToken = default);
}
