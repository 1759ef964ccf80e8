using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Responses;

/// <summary>
/// <c>GET /v1/responses/{id}</c> and <c>POST /v1/responses/{id}/cancel</c>: answered by the engine that has the response. They hold a lease, so
/// that it is not put to sleep meanwhile; they cost nothing, and nothing is started for them.
/// </summary>
internal sealed class ResponseHandler(
    Authenticator authenticator, Accounts accounts, RouteDirectory routes, KeptResponses kept, GatewayDrain drain, GatewayOptions options, TimeProvider time)
{
    // What engines take here; anything else of a query is left out.
    private static readonly string[] s_queryNames = ["stream", "starting_after", "include_obfuscation"];

    public Task GetAsync(HttpContext context) => AskAsync(context, HttpMethods.Get, "", QueryOf(context.Request));

    public Task CancelAsync(HttpContext context) => AskAsync(context, HttpMethods.Post, "/cancel", "");

    private async Task AskAsync(HttpContext context, string method, string suffix, string query)
    {
        var requestId = RequestIds.Assign(context, time);
        var (caller, refusal) = await authenticator.AuthenticateAsync(context);
        if (caller is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, refusal!);
            return;
        }
        if (drain.IsDraining)
        {
            await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.ShuttingDown);
            return;
        }
        var id = (string?)context.Request.RouteValues["id"] ?? "";
        var error = Find(caller, id, out var lease, out var isUnknown);
        if (isUnknown && await kept.FetchAsync(caller.Project, id, context.RequestAborted))
        {
            error = Find(caller, id, out lease, out _);
        }
        if (error is not null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, error);
            return;
        }
        using var running = drain.Enter();
        using (lease)
        {
            var path = $"{Surface.Responses.Path}/{Uri.EscapeDataString(id)}{suffix}{query}";
            await new ResponseCall(context, lease!.Replica, drain, options, time).RunAsync(method, path, requestId, id);
        }
    }

    private ApiError? Find(Caller caller, string id, out Lease? lease, out bool isUnknown)
    {
        lease = null;
        isUnknown = !kept.TryFind(caller.Project, id, out var response);
        if (response is null)
        {
            return ApiErrors.ResponseUnknown(id);
        }
        if (!accounts.KeyOf(caller).Allows(response.Model))
        {
            return ApiErrors.ModelNotAllowed(response.Model);
        }
        lease = routes.TryFind(response.Model, out var dispatcher) ? dispatcher.TryRejoin(response.Replica) : null;
        return lease is null ? ApiErrors.ResponseGone(id) : null;
    }

    private static string QueryOf(HttpRequest request)
    {
        var parts = s_queryNames.Where(request.Query.ContainsKey).Select(name => $"{name}={Uri.EscapeDataString(request.Query[name].ToString())}");
        var query = string.Join('&', parts);
        return query.Length == 0 ? "" : "?" + query;
    }
}
