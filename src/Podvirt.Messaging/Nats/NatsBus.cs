using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Podvirt.Core.Messages;
using Podvirt.Messaging.InProcess;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// The bus of a cluster, on core subjects of the same names. Publishing puts the message into a queue and returns: one task
/// writes and sends, so that neither a slow server nor the size of a message holds a publisher. While there is no connection, messages
/// are dropped and counted: their publishers repeat what still holds. A subject is heard once in a process, whoever reads it.
/// </summary>
internal sealed partial class NatsBus : IBus, IAsyncDisposable, IDisposable
{
    /// <summary>After a subscription that failed.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly NatsClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, NatsTopic> _topics = new(StringComparer.Ordinal);
    private readonly Outgoing _outgoing = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _sending;
    private bool _failing;
    private int _closed;

    public NatsBus(NatsClient client, TimeProvider time, ILogger<NatsBus> log)
    {
        _client = client;
        _time = time;
        _log = log;
        client.Connection.MessageDropped += OnDroppedAsync;
        client.Connection.SlowConsumerDetected += OnSlowAsync;
        _sending = Task.Run(SendAllAsync);
    }

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
        var topic = TopicOf(subject);
        if (!_client.IsConnected)
        {
            NatsMetrics.Dropped(subject.Name);
        }
        else if (_outgoing.Offer(topic, message) is { } displaced)
        {
            NatsMetrics.Dropped(displaced.Subject);
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Heard from the next connection on, where there is none.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is below 1.</exception>
    /// <exception cref="ArgumentException">The subject's name is in use for another type of message.</exception>
    public IBusSubscription<T> Subscribe<T>(Subject<T> subject, int capacity = 256)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        var topic = TopicOf(subject);
        var subscription = new InProcessSubscription<T>(subject.Name, capacity, topic.Readers);
        topic.Readers.Add(subscription);
        if (topic.NeedsSubscription())
        {
            _outgoing.Subscribe(topic);
        }
        return subscription;
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }
        _client.Connection.MessageDropped -= OnDroppedAsync;
        _client.Connection.SlowConsumerDetected -= OnSlowAsync;
        await _closing.CancelAsync();
        await _sending;
        await Task.WhenAll(_topics.Values.Select(static topic => topic.Completion));
        _closing.Dispose();
    }

    private NatsTopic<T> TopicOf<T>(Subject<T> subject)
        where T : class
    {
        if (!_topics.TryGetValue(subject.Name, out var topic))
        {
            topic = _topics.GetOrAdd(subject.Name, name => new NatsTopic<T>(name, _client, _log));
        }
        return topic as NatsTopic<T>
            ?? throw new ArgumentException($"the subject '{subject.Name}' already carries another type of message than {typeof(T).Name}", nameof(subject));
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (true)
            {
                var (topic, message, _) = await _outgoing.TakeAsync(_closing.Token);
                if (message is null)
                {
                    await SubscribeAsync(topic);
                }
                else if (_client.IsConnected)
                {
                    await SendAsync(topic, message);
                }
                else
                {
                    NatsMetrics.Dropped(topic.Subject);
                }
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task SendAsync(NatsTopic topic, object message)
    {
        try
        {
            await topic.SendAsync(message, _closing.Token);
            _failing = false;
        }
        catch (Exception e) when (!_closing.IsCancellationRequested)
        {
            NatsMetrics.PublishFailed(topic.Subject);
            if (!_failing)
            {
                _failing = true;
                LogPublishFailed(e, topic.Subject);
            }
        }
    }

    /// <summary>Again until it stands; messages that come meanwhile give way to newer ones.</summary>
    private async Task SubscribeAsync(NatsTopic topic)
    {
        while (true)
        {
            try
            {
                await _client.WhenConnectedAsync(_closing.Token);
                await topic.SubscribeAsync(_closing.Token);
                return;
            }
            catch (Exception e) when (!_closing.IsCancellationRequested)
            {
                LogSubscribeFailed(e, topic.Subject);
                await Task.Delay(_pause, _time, _closing.Token);
            }
        }
    }

    private ValueTask OnDroppedAsync(object? sender, NatsMessageDroppedEventArgs args)
    {
        NatsMetrics.Displaced(NameOf(args.Subscription));
        return ValueTask.CompletedTask;
    }

    private ValueTask OnSlowAsync(object? sender, NatsSlowConsumerEventArgs args)
    {
        LogSlow(NameOf(args.Subscription));
        return ValueTask.CompletedTask;
    }

    /// <summary>A subject of the bus; all others are inboxes, of which there are any number.</summary>
    private string NameOf(NatsSubBase subscription) => _topics.ContainsKey(subscription.Subject) ? subscription.Subject : "(inbox)";

    [LoggerMessage(3031, LogLevel.Warning, "Nothing could be sent on '{Subject}'; further failures are only counted, until a message is sent again.")]
    private partial void LogPublishFailed(Exception exception, string subject);

    [LoggerMessage(3032, LogLevel.Warning, "'{Subject}' could not be subscribed to; it is tried again.")]
    private partial void LogSubscribeFailed(Exception exception, string subject);

    [LoggerMessage(3033, LogLevel.Warning, "Messages on '{Subject}' come faster than this process reads them: the oldest are dropped and counted.")]
    private partial void LogSlow(string subject);
}
