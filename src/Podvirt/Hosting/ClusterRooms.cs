using Microsoft.Extensions.DependencyInjection;
using Podvirt.Access;
using Podvirt.Catalogs;
using Podvirt.Chats;
using Podvirt.Configuration;
using Podvirt.Fleet;
using Podvirt.Gateway;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;
using Podvirt.Metering;
using Podvirt.Metering.Rating;
using Podvirt.Scheduler;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Remote;

namespace Podvirt.Hosting;

/// <summary>One process of a cluster: the rooms that its roles need, over NATS, Nomad and ClickHouse. The order of the lines is the order of starting.</summary>
internal static class ClusterRooms
{
    /// <summary>Nomad tells a node agent's job which machine it is on.</summary>
    private const string NodeVariable = "PODVIRT_NODE_ID";

    private const string NodeNameVariable = "PODVIRT_NODE_NAME";

    public static void Add(IServiceCollection services, PodvirtOptions options, PodvirtConfig config, ClusterSettings cluster)
    {
        var roles = options.Roles;
        services.AddPodvirtNatsMessaging(cluster.Nats);
        if (roles != PodvirtRoles.Node)
        {
            services.AddHostedService<StoreWait>();
        }
        services.AddSingleton<RateBook>();
        Rooms.AddRecordPrice(services);
        if (roles.HasFlag(PodvirtRoles.Gateway) || roles.HasFlag(PodvirtRoles.Metering))
        {
            services.AddPodvirtClickHouseLedger(cluster.ClickHouse!);
            services.AddPodvirtBilling(config.Billing);
        }
        if (roles.HasFlag(PodvirtRoles.Metering))
        {
            services.AddPodvirtMeteringWorker(Rooms.UsageStreamOptionsOf(config));
            services.AddPodvirtClickHouseUpkeep();
        }
        if (roles.HasFlag(PodvirtRoles.Gateway) || roles.HasFlag(PodvirtRoles.Scheduler))
        {
            // Whoever schedules brings the catalog; the others take it as it stands.
            services.AddSingleton(p => new FilePolicy(p.GetRequiredService<IStateStore>(), roles.HasFlag(PodvirtRoles.Scheduler)));
            services.AddHostedService<Startup>();
            services.AddHostedService<CatalogFollower>();
        }
        if (roles.HasFlag(PodvirtRoles.Scheduler))
        {
            services.AddPodvirtScheduler(SchedulerOptionsOf(options, config, cluster));
            services.AddHostedService<CatalogWatch>();
        }
        if (roles.HasFlag(PodvirtRoles.Gateway))
        {
            AddGateway(services, options, config);
        }
        else
        {
            // Its pages of health are served by the same rules.
            services.AddSingleton(Rooms.OptionsOf(config));
        }
        if (roles.HasFlag(PodvirtRoles.Node))
        {
            services.AddPodvirtNodeAgent(NodeOptionsOf(options, config, cluster));
        }
    }

    private static void AddGateway(IServiceCollection services, PodvirtOptions options, PodvirtConfig config)
    {
        services.AddPodvirtUsageOutbox(Rooms.MeteringOptionsOf(options, config), Rooms.UsageStreamOptionsOf(config));
        services.AddSingleton<LeasedOwners>();
        services.AddSingleton<IOwners>(static p => p.GetRequiredService<LeasedOwners>());
        services.AddHostedService(static p => p.GetRequiredService<LeasedOwners>());
        services.AddHostedService(static p => p.GetRequiredService<FleetView>());
        services.AddHostedService(static p => p.GetRequiredService<TransitionLog>());
        services.AddHostedService(static p => p.GetRequiredService<SessionWatch>());

        // Whoever leads is asked, whether it is this process or not.
        services.AddPodvirtFleetControl(new SchedulerOptions());
        services.AddPodvirtReplicaLogs();
        config.Videos.Directory = Path.Combine(options.DataDirectory, "videos");
        var gateway = Rooms.OptionsOf(config);
        gateway.HasPeers = true;
        services.AddPodvirtSharedGateway(gateway);
        services.AddPodvirtGateway(gateway);
        ChatServices.AddShared(services);
        services.AddHostedService(static p => p.GetRequiredService<EventFeed>());
    }

    private static SchedulerOptions SchedulerOptionsOf(PodvirtOptions options, PodvirtConfig config, ClusterSettings cluster)
    {
        var scheduler = Rooms.SchedulerOptionsOf(options, config);
        scheduler.ElectsLeader = true;
        scheduler.Nomad = cluster.Nomad;
        // The nodes' agents say what there is.
        scheduler.Gpus = null;
        return scheduler;
    }

    private static NodeAgentOptions NodeOptionsOf(PodvirtOptions options, PodvirtConfig config, ClusterSettings cluster)
    {
        var node = new NodeAgentOptions
        {
            NodeId = options.Environment(NodeVariable) ?? "",
            SimulatedGpus = config.Gpus.Devices,
            SimulatedGpuDirectory = cluster.Nomad?.SimulatedGpuDirectory ?? Path.GetFullPath(Path.Combine(options.DataDirectory, "gpus")),
        };
        if (options.Environment(NodeNameVariable) is { Length: > 0 } name)
        {
            node.NodeName = name;
        }
        return node.Problems() is { Count: > 0 } problems
            ? throw new PodvirtConfigException([.. problems.Select(static p => new ConfigError("podvirt.yaml", 1, "node", p, $"the role 'node' takes its id from {NodeVariable}"))])
            : node;
    }
}
