using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Podvirt.Messaging.InProcess;

/// <summary>One reader's queue: bounded, the oldest gives way, and every displaced message is counted.</summary>
internal sealed class InProcessSubscription<T> : IBusSubscription<T>
    where T : class
{
    private readonly Topic<T> _topic;
    private readonly Channel<T> _messages;
    private volatile bool _disposed;

    public InProcessSubscription(string subject, int capacity, Topic<T> topic)
    {
        _topic = topic;
        _messages = Channel.CreateBounded<T>(
            new BoundedChannelOptions(capacity)
            {
                FullMode = BoundedChannelFullMode.DropOldest,
                // A reader's code must not run on the publisher's thread.
                AllowSynchronousContinuations = false,
            },
            _ => MessagingMetrics.Displaced(subject));
    }

    public void Offer(T message) => _messages.Writer.TryWrite(message);

    public async IAsyncEnumerable<T> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (!_disposed && await _messages.Reader.WaitToReadAsync(cancellationToken))
        {
            while (!_disposed && _messages.Reader.TryRead(out var message))
            {
                yield return message;
            }
        }
    }

    /// <summary>What is still queued is dropped: nobody is left to read it.</summary>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _topic.Remove(this);
        _messages.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }
}
