using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Carries what the loop tells from its thread to the bus.</summary>
internal sealed class FleetPublisher(IBus bus, ILogger log) : ILoopListener
{
    /// <summary>Further ones displace the oldest: their numbers show the gap. A storm of a thousand replicas fits.</summary>
    private const int TransitionsMax = 8192;

    private readonly Channel<ReplicaTransition> _transitions = Channel.CreateBounded<ReplicaTransition>(
        new BoundedChannelOptions(TransitionsMax) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Only the newest matters: it is a level.</summary>
    private readonly Channel<FleetReport> _reports = Channel.CreateBounded<FleetReport>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public void Moved(ReplicaTransition transition) => _transitions.Writer.TryWrite(transition);

    public void Show(FleetReport report) => _reports.Writer.TryWrite(report);

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        CarryAsync(_transitions.Reader, Subjects.Transitions, cancellationToken), CarryAsync(_reports.Reader, Subjects.Fleet, cancellationToken));

    private async Task CarryAsync<T>(ChannelReader<T> from, Subject<T> to, CancellationToken cancellationToken)
        where T : class
    {
        await foreach (var message in from.ReadAllAsync(cancellationToken))
        {
            try
            {
                await bus.PublishAsync(to, message, cancellationToken);
            }
            catch (Exception exception) when (exception is not (OutOfMemoryException or OperationCanceledException))
            {
                // Reports are repeated, and a missing transition shows by its number.
                SchedulerLog.FleetUnpublished(log, to.Name, exception);
            }
        }
    }
}
