using System.Threading.Channels;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// Tells the loop which gateways have a membership lease. One that has is waited for, however long it is silent: it may send to a
/// fenced replica without asking anybody. One whose lease has ended knows that by its own clock, and asks.
/// </summary>
internal sealed class GatewayRoll(ILeases leases, TimeProvider time)
{
    /// <summary>A gateway that is killed is noticed so much later than its lease ends.</summary>
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    public async Task RunAsync(ChannelWriter<SchedulerEvent> events, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        do
        {
            if (await ListAsync(cancellationToken) is { } gateways)
            {
                await events.WriteAsync(new GatewaysListed(gateways), cancellationToken);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task<HashSet<string>?> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            var held = await leases.ListAsync(GatewayMember.LeasePrefix, cancellationToken);
            return held.Select(lease => lease.Name[GatewayMember.LeasePrefix.Length..]).ToHashSet(StringComparer.Ordinal);
        }
        catch (IOException)
        {
            // What was known before holds on: nobody is taken for gone because nobody can be asked. That the store is away others say.
            return null;
        }
    }
}
