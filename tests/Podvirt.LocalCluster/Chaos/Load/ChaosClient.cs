using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.LocalCluster.Chaos.Load;

/// <summary>Calls one gateway, whatever becomes of it meanwhile.</summary>
internal sealed class ChaosClient(Uri gateway) : IDisposable
{
    // By default a response that is left is read on for up to two seconds, to save its connection.
    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 4096, ResponseDrainTimeout = TimeSpan.Zero })
    {
        BaseAddress = gateway,
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", PodvirtProcess.ApiKey) },
    };

    public async Task<ChaosCall> CallAsync(CallPlan plan)
    {
        var call = new ChaosCall(plan);
        using var limit = new CancellationTokenSource(CallPlan.Limit);
        try
        {
            using var request = Request(plan);
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            // Whatever comes from here on broke an answer that had begun.
            call.End = CallEnd.Cut;
            call.Status = (int)response.StatusCode;
            call.Id = response.Headers.TryGetValues("x-request-id", out var ids) ? ids.Single() : null;
            call.End = response.StatusCode != HttpStatusCode.OK ? await RefusedAsync(call, response, limit.Token)
                : plan.IsStream ? await ReadStreamAsync(call, response, limit.Token)
                : await ReadPlainAsync(call, response, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            call.End = CallEnd.Hung;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException)
        {
            call.End = call.End == CallEnd.Cut ? CallEnd.Cut : CallEnd.Unanswered;
            call.Oddity = e.Message;
        }
        call.EndedAt = Stopwatch.GetTimestamp();
        return call;
    }

    public void Dispose() => _client.Dispose();

    private static HttpRequestMessage Request(CallPlan plan)
    {
        var body = new JsonObject
        {
            ["model"] = plan.Model,
            ["max_tokens"] = plan.Tokens,
            ["min_tokens"] = plan.Tokens,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = $"Describe a harbour town to {plan.Session}." }),
        };
        if (plan.IsStream)
        {
            body["stream"] = true;
            body["stream_options"] = new JsonObject { ["include_usage"] = true, ["continuous_usage_stats"] = true };
        }
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) };
        request.Headers.Add("X-Podvirt-Session-Id", plan.Session);
        return request;
    }

    private static async Task<CallEnd> RefusedAsync(ChaosCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        Read(call, await response.Content.ReadAsStringAsync(cancellationToken));
        if (call.Code is null)
        {
            call.Oddity ??= "no error in the body";
        }
        return CallEnd.Refused;
    }

    private static async Task<CallEnd> ReadPlainAsync(ChaosCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        Read(call, await response.Content.ReadAsStringAsync(cancellationToken));
        return CallEnd.Finished;
    }

    private static async Task<CallEnd> ReadStreamAsync(ChaosCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line == "data: [DONE]")
            {
                return CallEnd.Finished;
            }
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
            {
                continue;
            }
            Read(call, line[6..]);
            if (call.Code is not null)
            {
                return CallEnd.ToldOfError;
            }
            if (call.Plan.LeaveAfter <= call.Completion)
            {
                return CallEnd.Left;
            }
        }
        call.Oddity = "the stream ended without its end";
        return CallEnd.Cut;
    }

    private static void Read(ChaosCall call, string text)
    {
        JsonObject reply;
        try
        {
            reply = JsonNode.Parse(text)!.AsObject();
        }
        catch (JsonException)
        {
            call.Oddity = $"no JSON: {text[..Math.Min(text.Length, 200)]}";
            return;
        }
        if (reply["error"] is { } error)
        {
            call.Code = (string?)error["code"] ?? "none";
            call.Oddity = error["message"] is null || error["type"] is null ? $"an error of another shape: {text}" : null;
        }
        if (reply["usage"] is JsonObject usage)
        {
            call.Prompt = (long)usage["prompt_tokens"]!;
            call.Completion = (long)usage["completion_tokens"]!;
        }
        call.IsAborted |= reply["choices"]?.AsArray().Any(static c => (string?)c!["finish_reason"] == "abort") == true;
    }
}
