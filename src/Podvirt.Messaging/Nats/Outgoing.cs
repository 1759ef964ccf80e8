using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// What waits for the connection, in its order: messages, of which the oldest give way when there are too many, and
/// subscriptions, which never do. A message that was offered before a subscription is sent before it, so that the new reader does not hear it.
/// </summary>
internal sealed class Outgoing
{
    /// <summary>Messages that wait at most. They are levels: whoever is that far behind is served by the newest alone.</summary>
    public const int MessagesMax = 1_024;

    private readonly Lock _gate = new();
    private readonly Queue<Step> _messages = new(MessagesMax);
    private readonly Queue<Step> _subscriptions = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _number;

    /// <summary>Returns the topic whose message gave way; null: there was room.</summary>
    public NatsTopic? Offer(NatsTopic topic, object message)
    {
        NatsTopic? displaced = null;
        lock (_gate)
        {
            if (_messages.Count == MessagesMax)
            {
                displaced = _messages.Dequeue().Topic;
            }
            _messages.Enqueue(new Step(topic, message, ++_number));
        }
        _signal.Writer.TryWrite(true);
        return displaced;
    }

    public void Subscribe(NatsTopic topic)
    {
        lock (_gate)
        {
            _subscriptions.Enqueue(new Step(topic, Message: null, ++_number));
        }
        _signal.Writer.TryWrite(true);
    }

    /// <summary>The next step; waits for one.</summary>
    public async ValueTask<Step> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out var step))
            {
                return step;
            }
            await _signal.Reader.ReadAsync(cancellationToken);
        }
    }

    private bool TryTake(out Step step)
    {
        lock (_gate)
        {
            var isSubscription = _subscriptions.TryPeek(out step) && (!_messages.TryPeek(out var message) || step.Number < message.Number);
            return (isSubscription ? _subscriptions : _messages).TryDequeue(out step);
        }
    }

    /// <param name="Message">Null: subscribe.</param>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Step(NatsTopic Topic, object? Message, long Number);
}
