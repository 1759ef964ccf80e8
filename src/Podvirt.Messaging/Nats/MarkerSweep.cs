using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// Removes the marks that deleted keys leave in a bucket, once they are old. Every process that has the store open does it; a
/// mark that another one removed is not there any more. A mark has to stay for a while: it is how watches learn of the deletion.
/// </summary>
internal sealed partial class MarkerSweep : IAsyncDisposable
{
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMinutes(10);

    /// <summary>Longer than the server takes to give up a connection that reads nothing; a watch that begins anew compares listings.</summary>
    public static readonly TimeSpan DefaultAge = TimeSpan.FromMinutes(10);

    private const int MessagesAtATime = 1_000;

    private readonly NatsBucket _bucket;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly TimeSpan _age;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    public MarkerSweep(NatsBucket bucket, TimeProvider time, ILogger log, TimeSpan interval, TimeSpan age)
    {
        _bucket = bucket;
        _time = time;
        _log = log;
        _age = age;
        _running = Task.Run(() => RunAsync(interval));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, _time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await TrySweepAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task TrySweepAsync()
    {
        try
        {
            await SweepAsync(_stopping.Token);
        }
        catch (Exception e) when (e is IOException or NatsException)
        {
            LogFailed(e);
        }
    }

    /// <summary>One round. Returns how many marks it removed.</summary>
    /// <exception cref="IOException">The server does not answer.</exception>
    internal async Task<int> SweepAsync(CancellationToken ended)
    {
        await _bucket.OpenAsync(ended);
        var consumer = await _bucket.Client.CallAsync(
            "looking for marks of deleted keys", (js, token) => js.CreateOrUpdateConsumerAsync(_bucket.Stream, Consumer(js, _bucket.SubjectPrefix + ">"), token), ended);
        var old = new List<(string Subject, long Revision)>();
        for (var unread = consumer.Info.NumPending; unread > 0;)
        {
            var read = 0UL;
            await foreach (var message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = MessagesAtATime }, cancellationToken: ended))
            {
                read++;
                if (message.Headers?.ContainsKey(NatsBucket.OperationHeader) == true
                    && AckSubject.TryParse(message.ReplyTo, out var position) && _time.GetUtcNow() - position.At >= _age)
                {
                    old.Add((message.Subject, position.Revision));
                }
            }
            unread = read == 0 ? 0 : unread - Math.Min(read, unread);
        }
        await _bucket.Client.JetStream.DeleteConsumerAsync(_bucket.Stream, consumer.Info.Name, ended);
        foreach (var (subject, revision) in old)
        {
            await _bucket.PurgeAsync(subject, revision, ended);
            NatsMetrics.MarkersPurged(1);
        }
        return old.Count;
    }

    private static ConsumerConfig Consumer(NatsJSContext js, string filter)
    {
        var inbox = js.NewBaseInbox();
        return new ConsumerConfig
        {
            Name = inbox[(inbox.LastIndexOf('.') + 1)..],
            DeliverPolicy = ConsumerConfigDeliverPolicy.LastPerSubject,
            FilterSubject = filter,
            AckPolicy = ConsumerConfigAckPolicy.None,
            HeadersOnly = true,
            MemStorage = true,
            NumReplicas = 1,
            InactiveThreshold = TimeSpan.FromSeconds(30),
        };
    }

    [LoggerMessage(3014, LogLevel.Warning, "Marks of deleted keys could not be removed; it is tried again.")]
    private partial void LogFailed(Exception exception);
}
