using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.Chats;
using Podvirt.Configuration;
using Podvirt.ConsoleSite;
using Podvirt.Gateway;
using Podvirt.Health;
using Podvirt.Hosting;
using Podvirt.Members;
using Podvirt.Members.Oidc;
using Podvirt.Videos;

namespace Podvirt;

public static class PodvirtEndpoints
{
    /// <summary>
    /// Maps <c>/v1/*</c> (the API), <c>/api/*</c> (administration), <c>/openapi/v1.json</c>, <c>/healthz</c>, <c>/readyz</c>, <c>/metrics</c> and the
    /// console; without the role of a gateway the last three before the console alone. The host's own endpoints come first where both have one.
    /// </summary>
    /// <param name="endpoints">The host's.</param>
    /// <param name="isAlone">The host has no endpoints of its own: every other path is answered 404, as the API answers.</param>
    public static IEndpointRouteBuilder MapPodvirt(this IEndpointRouteBuilder endpoints, bool isAlone = false)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var gate = services.GetRequiredService<AccessGate>();
        services.GetRequiredService<HealthEndpoints>().Map(endpoints);
        if (!services.GetRequiredService<PodvirtOptions>().Roles.HasFlag(PodvirtRoles.Gateway))
        {
            return endpoints;
        }

        var v1 = endpoints.MapGroup("");
        v1.MapPodvirtGateway(isAlone);
        new Cors(services.GetRequiredService<PodvirtConfig>().CorsOrigins).Apply(v1);

        var api = endpoints.MapGroup("/api");
        services.GetRequiredService<SessionEndpoints>().Map(api);
        services.GetRequiredService<InviteEndpoints>().Map(api);
        services.GetRequiredService<OidcEndpoints>().Map(api);
        services.GetRequiredService<MemberEndpoints>().Map(api);
        services.GetRequiredService<ModelEndpoints>().Map(api);
        services.GetRequiredService<ActionEndpoints>().Map(api);
        services.GetRequiredService<CatalogEndpoints>().Map(api);
        services.GetRequiredService<FleetEndpoints>().Map(api);
        services.GetRequiredService<EventEndpoints>().Map(api);
        services.GetRequiredService<LogEndpoints>().Map(api);
        services.GetRequiredService<KeyEndpoints>().Map(api);
        services.GetRequiredService<ProjectEndpoints>().Map(api);
        services.GetRequiredService<UsageEndpoints>().Map(api);
        services.GetRequiredService<UsageFiguresEndpoints>().Map(api);
        services.GetRequiredService<GpuTimeEndpoint>().Map(api);
        services.GetRequiredService<ParkedUsageEndpoint>().Map(api);
        services.GetRequiredService<UsageRecordEndpoints>().Map(api);
        services.GetRequiredService<UsageReconcileEndpoint>().Map(api);
        services.GetRequiredService<RateEndpoints>().Map(api);
        services.GetRequiredService<InvoiceEndpoints>().Map(api);
        services.GetRequiredService<ConversationEndpoints>().Map(api);
        services.GetRequiredService<AnswerEndpoints>().Map(api);
        services.GetRequiredService<VideoEndpoints>().Map(api);
        gate.Guard(api.Map("/{**path}", (RequestDelegate)RefuseUnknown), Entry.Open);

        services.GetRequiredService<OpenApiEndpoint>().Map(endpoints);
        services.GetRequiredService<ConsolePages>().Map(endpoints);
        return endpoints;
    }

    private static Task RefuseUnknown(HttpContext context) => throw new ApiException(
        StatusCodes.Status404NotFound, "not_found", $"There is no {context.Request.Method} {context.Request.Path} here.");
}
