using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Idempotency;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Playground;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Responses;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;
using Podvirt.Gateway.Videos;
using Podvirt.Messaging;

namespace Podvirt.Gateway;

/// <summary>The data path as services and endpoints. Needs IBus, IBusHealth, ILeases, IStateStore, IUsageOutbox and IConsumption.</summary>
public static class GatewayServices
{
    public static IServiceCollection AddPodvirtGateway(this IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<IEngineTransport, SocketTransport>();
        services.AddSingleton<UpstreamConnector>();
        services.AddSingleton<SessionMemory>();
        services.AddSingleton<WaitClock>();
        services.AddSingleton<ParkingLot>();
        services.AddSingleton<Accounts>();
        services.AddSingleton<AdmissionControl>();
        services.AddSingleton<UsageRecorder>();
        services.AddSingleton<Forwarder>();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<IdempotencyGate>();
        services.AddSingleton<KeptResponses>();
        services.AddSingleton<ResponseHandler>();
        services.AddSingleton<InferenceHandler>();
        services.AddSingleton(provider => new PlaygroundCaller(provider.GetRequiredService<InferenceHandler>()));
        services.AddSingleton<ModelsHandler>();
        services.AddSingleton(provider => new GatewayStatus(
            provider.GetRequiredService<RouteDirectory>(), provider.GetRequiredService<Membership>(), provider.GetRequiredService<GatewayDrain>()));
        VideoServices.Add(services, options.Videos);
        services.AddHostedSingleton<StreamCheckpoints>();

        // Before the accounts are: what it finds to be recorded they have to count.
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<VideoRuns>());
        services.AddHostedSingleton<AccountWatch>();
        services.AddHostedSingleton<KeyRing>();
        services.AddHostedSingleton<KeyUses>();
        services.AddSingleton<RateBoard>();
        services.AddHostedSingleton<RateWatch>();
        services.AddHostedSingleton<Announcer>();
        services.AddHostedSingleton<RouteDirectory>();
        services.AddHostedSingleton<Membership>();
        services.AddHostedSingleton<SleepWatch>();
        if (options.HasPeers)
        {
            services.AddHostedSingleton<SlotKeeper>();
        }
        services.AddHostedSingleton<GatewayDrain>();
        return services;
    }

    /// <summary>
    /// Several gateways answer as one: for the responses that one of them saw, the replies that one of them gave, and the video jobs that one of
    /// them works on, which are refused where there is no bucket. Before <see cref="AddPodvirtGateway"/>; needs <c>ILeases</c>, and
    /// <c>IOwners</c> that start before.
    /// </summary>
    public static IServiceCollection AddPodvirtSharedGateway(this IServiceCollection services, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        VideoServices.AddShared(services, options.Videos);
        services.TryAddSingleton<StateBlobs>();
        services.AddHostedSingleton<SharedResponses>();
        services.AddHostedSingleton<SharedReplies>();
        return services;
    }

    /// <summary>Maps <c>/v1</c>, and the paths beside it that engines have.</summary>
    /// <param name="endpoints">The host's.</param>
    /// <param name="isAlone">The host has nothing of its own: what is no path here or in Podvirt's other parts is refused in the API's shape.</param>
    public static void MapPodvirtGateway(this IEndpointRouteBuilder endpoints, bool isAlone = false)
    {
        var inference = endpoints.ServiceProvider.GetRequiredService<InferenceHandler>();
        var models = endpoints.ServiceProvider.GetRequiredService<ModelsHandler>();
        var routes = new ApiRoutes(endpoints, endpoints.ServiceProvider.GetRequiredService<TimeProvider>());
        foreach (var surface in Surface.All)
        {
            routes.Map("POST", surface.Path, context => inference.HandleAsync(context, surface, known: null));
        }
        var responses = endpoints.ServiceProvider.GetRequiredService<ResponseHandler>();
        routes.Map("GET", "/v1/responses/{id}", responses.GetAsync);
        routes.Map("POST", "/v1/responses/{id}/cancel", responses.CancelAsync);
        routes.Map("GET", "/v1/models", models.ListAsync);
        routes.Map("GET", "/v1/models/{**id}", models.GetAsync);
        endpoints.ServiceProvider.GetRequiredService<VideosHandler>().Map(routes);
        routes.RefuseTheRest(everywhere: isAlone);
    }

    private static void AddHostedSingleton<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<T>());
    }
}

/// <summary>What the host wants to know of the data path.</summary>
public sealed class GatewayStatus
{
    private readonly RouteDirectory _routes;
    private readonly Membership _membership;
    private readonly GatewayDrain _drain;

    internal GatewayStatus(RouteDirectory routes, Membership membership, GatewayDrain drain)
    {
        _routes = routes;
        _membership = membership;
        _drain = drain;
    }

    /// <summary>A route table has arrived: models are known.</summary>
    public bool HasRoutes => _routes.FirstTable.IsCompleted;

    /// <summary>
    /// UTC, since when the gateway serves by its last routes, because what the scheduler decides may not reach it; null: it reaches it.
    /// </summary>
    public DateTimeOffset? DetachedAt => _membership.DetachedAt;

    /// <summary>Requests that are being served or held.</summary>
    public int Running => _drain.Running;
}
