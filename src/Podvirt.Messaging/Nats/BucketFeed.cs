using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// What one watch of a bucket has not read yet: at most one change per key. It follows the bucket from a revision on by an
/// ordered consumer of its own, as one session:
/// 1. ask the leader for the last revision, 2. let a consumer deliver everything after it, 3. have the reader list what is
/// there, 4. gather changes until the connection is lost, a message is missing, the server falls silent or the bucket has lost its
/// end. Then it begins anew, and the reader compares the fresh listing with what it has seen: nothing that was written or deleted
/// meanwhile is missed.
/// </summary>
internal sealed partial class BucketFeed : IAsyncDisposable
{
    /// <summary>Changed keys held for a slow reader; with more of them it lists anew.</summary>
    private const int ChangesMax = 1_024;

    /// <summary>Messages between the socket and this feed, which only puts them into a table. One that is dropped leaves a gap, which ends the session.</summary>
    private const int UnreadMax = 4_096;

    /// <summary>The server says this often that nothing happened, and how far it has come.</summary>
    private static readonly TimeSpan _heartbeat = TimeSpan.FromSeconds(1);

    /// <summary>The consumer, or the server that ran it, is gone.</summary>
    private static readonly TimeSpan _silenceMax = TimeSpan.FromSeconds(3);

    /// <summary>After a session that failed: an election takes about as long.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly NatsBucket _bucket;
    private readonly BucketEnd _end;
    private readonly string _prefix;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BucketEntry> _changes = new(StringComparer.Ordinal);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private bool _stale;
    private long _age;
    private int _failing;

    public BucketFeed(NatsBucket bucket, BucketEnd end, string prefix, TimeProvider time, ILogger log)
    {
        _bucket = bucket;
        _end = end;
        _prefix = prefix;
        _time = time;
        _log = log;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Waits for changes, or for the need to list.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await _signal.Reader.WaitToReadAsync(cancellationToken);
        _signal.Reader.TryRead(out _);
    }

    /// <summary>What has changed, by revision, and in which age of the bucket. Null: list it; what comes from now on is kept.</summary>
    public (List<BucketEntry>? Changes, long Age) Take()
    {
        lock (_gate)
        {
            var changes = _stale ? null : _changes.Values.OrderBy(static e => e.Revision).ToList();
            _stale = false;
            _changes.Clear();
            return (changes, _age);
        }
    }

    /// <summary>The reader could not list: it is asked to once more, in a moment.</summary>
    public async Task ListAgainAsync(IOException error, CancellationToken cancellationToken)
    {
        Failed(error);
        await Task.Delay(_pause, _time, cancellationToken);
        Forget();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        for (var first = true; !_stopping.IsCancellationRequested; first = false)
        {
            try
            {
                if (!first)
                {
                    NatsMetrics.WatchRestarted();
                }
                await _bucket.Client.WhenConnectedAsync(_stopping.Token);
                using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, _bucket.Client.Held, _end.Held);
                await FollowAsync(ended.Token);
            }
            catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
            {
                // The connection is lost, and there is another one first; or the bucket is another.
                continue;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                Failed(e);
                await PauseAsync();
            }
        }
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(_pause, _time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private void Failed(Exception error)
    {
        if (Interlocked.Exchange(ref _failing, 1) == 0)
        {
            LogFailed(error, _prefix);
        }
    }

    /// <summary>One session. Returns when it has lost its thread.</summary>
    private async Task FollowAsync(CancellationToken ended)
    {
        var mark = await _end.LookAsync(ended);
        var inbox = _bucket.Client.JetStream.NewBaseInbox();
        await using var subscription = await _bucket.Client.Connection.SubscribeCoreAsync<byte[]>(
            inbox, opts: new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = UnreadMax } }, cancellationToken: ended);
        await _bucket.Client.CallAsync(
            $"watching '{_prefix}'", (js, token) => js.CreateOrUpdateConsumerAsync(_bucket.Stream, Consumer(inbox, mark.End + 1), token), ended);
        Forget(mark.Age);

        // A consumer that is made of a follower may begin before the revision that was asked for, and never goes back.
        var (received, last) = (0L, 0L);
        while (true)
        {
            try
            {
                if (!await subscription.Msgs.WaitToReadAsync(ended).AsTask().WaitAsync(_silenceMax, _time, ended))
                {
                    return;
                }
            }
            catch (TimeoutException)
            {
                LogSilent(_prefix);
                return;
            }
            while (subscription.Msgs.TryRead(out var message))
            {
                Volatile.Write(ref _failing, 0);
                if (string.Equals(message.Subject, inbox, StringComparison.Ordinal))
                {
                    if (Number(message, "Nats-Last-Consumer") is { } delivered && delivered != received)
                    {
                        LogGap(_prefix, received, delivered);
                        return;
                    }
                    if (Number(message, "Nats-Last-Stream") is { } passed && passed < last)
                    {
                        LogBehind(_prefix, last, passed);
                        return;
                    }
                }
                else if (!AckSubject.TryParse(message.ReplyTo, out var position) || position.Delivery != ++received)
                {
                    LogGap(_prefix, received - 1, position.Delivery);
                    return;
                }
                else if (position.Revision <= last)
                {
                    LogBehind(_prefix, last, position.Revision);
                    return;
                }
                else
                {
                    last = position.Revision;
                    _end.Saw(mark.Age, last, position.At);
                    Offer(message, position);
                }
            }
        }
    }

    private ConsumerConfig Consumer(string inbox, long from) => new()
    {
        Name = inbox[(inbox.LastIndexOf('.') + 1)..],
        DeliverSubject = inbox,
        DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
        OptStartSeq = (ulong)from,
        FilterSubject = _bucket.SubjectPrefix + KeySubjects.Filter(_prefix),
        AckPolicy = ConsumerConfigAckPolicy.None,
        MaxDeliver = 1,
        IdleHeartbeat = _heartbeat,
        MemStorage = true,
        NumReplicas = 1,
    };

    private void Offer(NatsMsg<byte[]> message, AckSubject position)
    {
        if (_bucket.KeyOf(message.Subject) is not { } key || !key.StartsWith(_prefix, StringComparison.Ordinal))
        {
            return;
        }
        var deleted = message.Headers?.ContainsKey(NatsBucket.OperationHeader) == true;
        lock (_gate)
        {
            if (_stale)
            {
                return;
            }
            _changes[key] = new BucketEntry(key, message.Data ?? [], position.Revision, deleted, position.At);
            if (_changes.Count > ChangesMax)
            {
                _stale = true;
                _changes.Clear();
            }
        }
        _signal.Writer.TryWrite(true);
    }

    private void Forget(long? age = null)
    {
        lock (_gate)
        {
            _age = age ?? _age;
            _stale = true;
            _changes.Clear();
        }
        _signal.Writer.TryWrite(true);
    }

    /// <summary>What a heartbeat says: how many messages the server has sent to this consumer, and how far in the bucket it has come.</summary>
    private static long? Number(NatsMsg<byte[]> message, string header) =>
        message.Headers?.TryGetLastValue(header, out var text) == true && long.TryParse(text, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    [LoggerMessage(3011, LogLevel.Warning, "The watch of '{Prefix}' failed; it is begun anew until it holds.")]
    private partial void LogFailed(Exception exception, string prefix);

    [LoggerMessage(3012, LogLevel.Information, "The watch of '{Prefix}' heard nothing for too long; it begins anew.")]
    private partial void LogSilent(string prefix);

    [LoggerMessage(3013, LogLevel.Information, "The watch of '{Prefix}' has {Received} changes, and the server is at its {Sent}th; it begins anew.")]
    private partial void LogGap(string prefix, long received, long sent);

    [LoggerMessage(3017, LogLevel.Information, "The watch of '{Prefix}' was at revision {Last} and is told of {Revision}; it begins anew.")]
    private partial void LogBehind(string prefix, long last, long revision);
}
