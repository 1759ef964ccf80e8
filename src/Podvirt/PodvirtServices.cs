using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.Catalogs;
using Podvirt.Chats;
using Podvirt.Configuration;
using Podvirt.ConsoleSite;
using Podvirt.Fleet;
using Podvirt.Gateway;
using Podvirt.Health;
using Podvirt.Hosting;
using Podvirt.Keys;
using Podvirt.Members;
using Podvirt.Members.Oidc;
using Podvirt.Projects;
using Podvirt.Videos;

namespace Podvirt;

public static class PodvirtServices
{
    /// <summary>
    /// Adds everything that <see cref="PodvirtEndpoints.MapPodvirt"/> serves. Hosted services start in the order in which
    /// they depend on each other (stores, metering, catalog, scheduler, gateway) and stop in the opposite one: running
    /// answers finish within <c>limits.drain</c>, then engines stop, then usage is flushed, then the stores close. A host
    /// that has other plans for its shutdown gives <c>HostOptions.ShutdownTimeout</c> at least that long.
    /// </summary>
    /// <param name="services">The host's services. Nothing process-wide is changed.</param>
    /// <param name="configure">Sets the options.</param>
    /// <exception cref="PodvirtConfigException">The configuration is not valid: holds every error.</exception>
    /// <exception cref="IOException">The configuration file cannot be read.</exception>
    public static IServiceCollection AddPodvirt(this IServiceCollection services, Action<PodvirtOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new PodvirtOptions();
        configure(options);
        options.ReadText = options.Yaml ?? File.ReadAllText(options.ConfigFile);
        var file = options.Yaml is null ? Path.GetFileName(options.ConfigFile) : "podvirt.yaml";
        var config = ConfigReader.Read(options.ReadText, file, options.Environment);
        ClusterRules.Check(options.Roles, config, file, options.Environment);
        DataFolder.Ensure(options.DataDirectory);

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(config);
        services.AddSingleton(p => new PodvirtInstance(
            config, p.GetRequiredService<ConsoleSwitch>(), p.GetRequiredService<SignInCodes>(), p.GetService<GatewayStatus>()));
        AddAdmin(services, options, config);
        if (config.Cluster is { } cluster)
        {
            ClusterRooms.Add(services, options, config, cluster);
        }
        else
        {
            AddOneProcess(services, options, config);
        }
        return services;
    }

    /// <summary>With <c>podvirt.yaml</c> and <c>data</c> in the working directory.</summary>
    public static IServiceCollection AddPodvirt(this IServiceCollection services) => services.AddPodvirt(static _ => { });

    // The order of these lines is the order of starting.
    private static void AddOneProcess(IServiceCollection services, PodvirtOptions options, PodvirtConfig config)
    {
        Rooms.AddStoresAndMetering(services, options, config);
        services.AddHostedService(p => p.GetRequiredService<FleetView>());
        services.AddHostedService(p => p.GetRequiredService<TransitionLog>());
        services.AddHostedService<Startup>();
        services.AddHostedService(p => p.GetRequiredService<SessionWatch>());
        Rooms.AddScheduler(services, options, config);
        Rooms.AddGateway(services, options, config);
        ChatServices.Add(services, options.DataDirectory);
        services.AddHostedService(p => p.GetRequiredService<EventFeed>());
        services.AddHostedService<CatalogWatch>();
    }

    private static void AddAdmin(IServiceCollection services, PodvirtOptions options, PodvirtConfig config)
    {
        services.AddSingleton(_ => AdminCredential.Load(options.DataDirectory, options.Environment(AdminCredential.Variable)));
        services.AddSingleton(new ConsoleSwitch(options.Environment(ConsoleSwitch.Variable), config.PublicUrl));
        services.AddSingleton(ConfiguredGpus.Of(config.Gpus));
        services.AddSingleton<ConsoleSessions>();
        services.AddSingleton<SessionWatch>();
        services.AddSingleton<SignInCodes>();
        services.AddSingleton<SignInLimits>();
        services.AddSingleton<MemberStore>();
        services.AddSingleton<MemberFields>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<MemberSignIn>();
        services.AddSingleton<MemberEndpoints>();
        services.AddSingleton<InviteEndpoints>();
        services.AddSingleton<OidcSignIns>();
        services.AddSingleton<OidcMembers>();
        services.AddSingleton<OidcEndpoints>();
        services.AddSingleton<AccessGate>();
        services.AddSingleton<SessionEndpoints>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<DevelopmentKey>();
        services.AddSingleton<ProjectStore>();
        services.AddSingleton<PlanStore>();
        services.AddSingleton<CatalogStore>();
        services.AddSingleton<CatalogFile>();
        services.AddSingleton<CatalogEndpoints>();
        services.AddSingleton<FleetView>();
        services.AddSingleton<FleetReader>();
        services.AddSingleton<FailureLogs>();
        services.AddSingleton<TransitionLog>();
        services.AddSingleton<EventFeed>();
        services.AddSingleton<ModelEndpoints>();
        services.AddSingleton<FleetEndpoints>();
        services.AddSingleton<ActionEndpoints>();
        services.AddSingleton<OpenApiEndpoint>();
        services.AddSingleton<EventEndpoints>();
        services.AddSingleton<KeyEndpoints>();
        services.AddSingleton<ProjectEndpoints>();
        services.AddSingleton<UsageEndpoints>();
        services.AddSingleton<UsageFiguresEndpoints>();
        services.AddSingleton<GpuTimeEndpoint>();
        services.AddSingleton<ParkedUsageEndpoint>();
        services.AddSingleton<UsageRecordEndpoints>();
        services.AddSingleton<UsageReconcileEndpoint>();
        services.AddSingleton<RateEndpoints>();
        services.AddSingleton<InvoiceEndpoints>();
        services.AddSingleton<LogEndpoints>();
        services.AddSingleton<VideoEndpoints>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<HealthEndpoints>();
        services.AddSingleton<MetricsExport>();
        services.AddSingleton<ConsolePages>();
    }
}
