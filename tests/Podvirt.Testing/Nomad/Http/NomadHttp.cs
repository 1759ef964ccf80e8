using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>Answers requests: faults first, then the token, then the route; errors as plain text.</summary>
internal sealed class NomadHttp(
    NomadState state, NomadDoubleOptions options, NomadFaults faults, JobRoutes jobs, AllocationRoutes allocations, NodeRoutes nodes,
    VariableRoutes variables, LogRoute logs, EventRoute events, CancellationToken stopping)
{
    public ConcurrentDictionary<string, int> Counts { get; } = new();

    public async Task AnswerAsync(HttpContext context)
    {
        var path = Path(context);
        var route = RouteNames.Of(context.Request.Method, path);
        Counts.AddOrUpdate(route, 1, static (_, n) => n + 1);
        try
        {
            if (await FailsAsync(context, route))
            {
                return;
            }
            Authorize(context, path);
            var request = new NomadRequest(context);
            if (path.StartsWith("/v1/client/fs/logs/", StringComparison.Ordinal))
            {
                await logs.AnswerAsync(request, path["/v1/client/fs/logs/".Length..]);
            }
            else if (path == "/v1/event/stream" && options.EventStream)
            {
                await events.AnswerAsync(request, stopping);
            }
            else
            {
                await SendAsync(context, request, await RouteAsync(request, path));
            }
        }
        catch (NomadErrorException e)
        {
            await ErrorAsync(context, e.Status, e.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    /// <summary>As sent, decoded: a job's id may hold slashes.</summary>
    private static string Path(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var end = target.IndexOf('?', StringComparison.Ordinal);
        return Uri.UnescapeDataString(end < 0 ? target : target[..end]);
    }

    private static async Task ErrorAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(text);
    }

    private async Task<bool> FailsAsync(HttpContext context, string route)
    {
        if (faults.Slowness > TimeSpan.Zero)
        {
            await Task.Delay(faults.Slowness, context.RequestAborted);
        }
        switch (faults.Take(route))
        {
            case FaultKind.TooManyRequests:
                context.Response.Headers.Connection = "close";
                await ErrorAsync(context, 429, ConnectionLimit.Refusal);
                return true;
            case FaultKind.ServerError:
                await ErrorAsync(context, 500, "rpc error: No cluster leader");
                return true;
            case FaultKind.Hang:
                using (var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping))
                {
                    await Task.Delay(Timeout.Infinite, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                context.Abort();
                return true;
            case FaultKind.Drop:
                context.Abort();
                return true;
            default:
                return false;
        }
    }

    private void Authorize(HttpContext context, string path)
    {
        if (options.Token is null || path is "/v1/status/leader")
        {
            return;
        }
        var token = context.Request.Headers["X-Nomad-Token"].ToString().Trim();
        var bearer = context.Request.Headers.Authorization.ToString();
        token = token.Length == 0 && bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..].Trim() : token;
        if (token != options.Token)
        {
            throw new NomadErrorException(403, token.Length == 0 ? "Permission denied" : "ACL token not found");
        }
    }

    private async Task SendAsync(HttpContext context, NomadRequest request, NomadAnswer answer)
    {
        if (answer is { Body: null, Missing.Length: > 0 })
        {
            Headers(context, answer, request.IsRead);
            throw new NomadErrorException(404, answer.Missing);
        }
        Headers(context, answer, request.IsRead);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.Body?.ToJsonString() ?? "null", context.RequestAborted);
    }

    private static void Headers(HttpContext context, NomadAnswer answer, bool read)
    {
        context.Response.Headers["X-Nomad-Index"] = $"{answer.Index}";
        if (read)
        {
            context.Response.Headers["X-Nomad-LastContact"] = "0";
            context.Response.Headers["X-Nomad-KnownLeader"] = "true";
        }
    }

    private async Task<NomadAnswer> RouteAsync(NomadRequest request, string path)
    {
        string Id(string prefix, string suffix = "") => path[prefix.Length..^suffix.Length];
        bool Is(string prefix, string suffix = "") =>
            path.Length > prefix.Length + suffix.Length && path.StartsWith(prefix, StringComparison.Ordinal) && path.EndsWith(suffix, StringComparison.Ordinal);
        return path switch
        {
            "/v1/jobs" => request.IsRead ? await jobs.ListAsync(request) : await jobs.RegisterAsync(request, null),
            "/v1/jobs/parse" => await jobs.ParseAsync(request),
            _ when Is("/v1/job/", "/allocations") => await jobs.AllocationsAsync(request, Id("/v1/job/", "/allocations")),
            _ when Is("/v1/job/", "/evaluations") => await jobs.EvaluationsAsync(request, Id("/v1/job/", "/evaluations")),
            _ when Is("/v1/job/", "/deployments") => await jobs.DeploymentsAsync(request, Id("/v1/job/", "/deployments")),
            _ when Is("/v1/job/", "/plan") => await jobs.PlanAsync(request, Id("/v1/job/", "/plan")),
            _ when Is("/v1/job/", "/scale") => await jobs.ScaleAsync(request, Id("/v1/job/", "/scale")),
            _ when Is("/v1/job/") => await JobAsync(request, Id("/v1/job/")),
            "/v1/allocations" => await allocations.ListAsync(request),
            _ when Is("/v1/allocation/", "/stop") => allocations.Stop(request, Id("/v1/allocation/", "/stop")),
            _ when Is("/v1/allocation/") => await allocations.GetAsync(request, Id("/v1/allocation/")),
            _ when Is("/v1/client/allocation/", "/restart") => await allocations.RestartAsync(request, Id("/v1/client/allocation/", "/restart")),
            "/v1/evaluations" => await allocations.EvaluationsAsync(request),
            _ when Is("/v1/evaluation/", "/allocations") => await allocations.OfEvaluationAsync(request, Id("/v1/evaluation/", "/allocations")),
            _ when Is("/v1/evaluation/") => await allocations.EvaluationAsync(request, Id("/v1/evaluation/")),
            "/v1/deployments" => await allocations.DeploymentsAsync(request),
            _ when Is("/v1/deployment/promote/") => allocations.EndDeployment(request, Id("/v1/deployment/promote/"), promote: true),
            _ when Is("/v1/deployment/fail/") => allocations.EndDeployment(request, Id("/v1/deployment/fail/"), promote: false),
            _ when Is("/v1/deployment/") => await allocations.DeploymentAsync(request, Id("/v1/deployment/")),
            "/v1/nodes" => await nodes.ListAsync(request),
            _ when Is("/v1/node/", "/allocations") => await nodes.AllocationsAsync(request, Id("/v1/node/", "/allocations")),
            _ when Is("/v1/node/", "/drain") => await nodes.DrainAsync(request, Id("/v1/node/", "/drain")),
            _ when Is("/v1/node/", "/eligibility") => await nodes.EligibilityAsync(request, Id("/v1/node/", "/eligibility")),
            _ when Is("/v1/node/") => await nodes.GetAsync(request, Id("/v1/node/")),
            "/v1/client/stats" => nodes.Stats(request),
            "/v1/vars" => await variables.ListAsync(request),
            _ when Is("/v1/var/") => await VariableAsync(request, Id("/v1/var/")),
            "/v1/status/leader" => new NomadAnswer(JsonValue.Create("127.0.0.1:4647"), state.Index),
            "/v1/agent/self" => new NomadAnswer(new JsonObject { ["config"] = new JsonObject { ["Region"] = "global", ["Version"] = new JsonObject { ["Version"] = "2.0.0" } } }, state.Index),
            "/v1/namespaces" => new NomadAnswer(new JsonArray([.. options.Namespaces.Select(static n => new JsonObject { ["Name"] = n })]), state.Index),
            _ => throw new NomadErrorException(404, ""),
        };
    }

    private async Task<NomadAnswer> JobAsync(NomadRequest request, string id) => request.Context.Request.Method switch
    {
        "GET" => await jobs.GetAsync(request, id),
        "DELETE" => jobs.Delete(request, id),
        _ => await jobs.RegisterAsync(request, id),
    };

    private async Task<NomadAnswer> VariableAsync(NomadRequest request, string path) => request.Context.Request.Method switch
    {
        "GET" => await variables.GetAsync(request, path),
        "DELETE" => variables.Delete(request, path),
        _ => await variables.SetAsync(request, path),
    };
}
