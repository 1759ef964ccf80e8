using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// Says on the bus what the gateway has to say. Nobody waits for that: a bus that fails costs the message, one that hangs
/// costs those that come meanwhile, and no request notices either.
/// </summary>
internal sealed partial class Announcer : BackgroundService
{
    /// <summary>
    /// Troubles that wait for the bus; a further one is dropped and counted. The scheduler asks a replica for itself, once
    /// for many: more of them would tell it nothing new.
    /// </summary>
    public const int TroublesMax = 256;

    private readonly IBus _bus;
    private readonly ILogger<Announcer> _logger;
    private readonly Channel<ReplicaTrouble> _troubles;

    // A level: a new one makes the old one worthless.
    private readonly Channel<GatewayReport> _reports = Channel.CreateBounded<GatewayReport>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private long _droppedTroubles;

    public Announcer(IBus bus, ILogger<Announcer> logger)
    {
        _bus = bus;
        _logger = logger;
        _troubles = Channel.CreateBounded<ReplicaTrouble>(
            new BoundedChannelOptions(TroublesMax) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true },
            _ => Interlocked.Increment(ref _droppedTroubles));
    }

    /// <summary>Troubles that the scheduler was not told, because the bus took none for long.</summary>
    public long DroppedTroubles => Volatile.Read(ref _droppedTroubles);

    public void Announce(ReplicaTrouble trouble) => _troubles.Writer.TryWrite(trouble);

    public void Announce(GatewayReport report) => _reports.Writer.TryWrite(report);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        PublishAllAsync(Subjects.ReplicaTroubles, _troubles.Reader, stoppingToken),
        PublishAllAsync(Subjects.GatewayReports, _reports.Reader, stoppingToken));

    private async Task PublishAllAsync<T>(Subject<T> subject, ChannelReader<T> messages, CancellationToken stoppingToken)
        where T : class
    {
        await foreach (var message in messages.ReadAllAsync(stoppingToken))
        {
            try
            {
                await _bus.PublishAsync(subject, message, stoppingToken).AsTask().WaitAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogBusFailed(e, subject.Name);
            }
        }
    }

    [LoggerMessage(1203, LogLevel.Warning, "Nothing could be published on '{Subject}'.")]
    private partial void LogBusFailed(Exception exception, string subject);
}
